/** All attacks: adding one is a file and a line here. */

import { NaptuneError } from '../errors.js'
import { explainIssues } from '../files/explain-issues.js'
import type { AttackDefinition, AttackPreset, PreparedAttack } from './attack-definition.js'
import { pgdDefinition } from './pgd.js'

/** Attacks by name. */
export const attacks: ReadonlyMap<string, AttackDefinition> = new Map(
	[pgdDefinition].map((definition) => [definition.name, definition as unknown as AttackDefinition]),
)

/** Names that {@link prepareAttack} knows, attacks and their presets, with one line each. */
export function attackNames(): { readonly name: string; readonly doc: string }[] {
	return [...attacks.values()].flatMap(({ name, doc, presets }) => [
		{ name, doc },
		...Object.entries(presets).map(([preset, { doc }]) => ({ name: preset, doc })),
	])
}

/**
 * An attack or preset with its options.
 * @param overrides Options that differ from the preset's; missing ones take the attack's defaults.
 * @throws NaptuneError for an unknown name or wrong options (all listed).
 */
export function prepareAttack(name: string, overrides: Readonly<Record<string, unknown>> = {}): PreparedAttack {
	const { definition, preset } = find(name)
	const { alternatives = [], norms, run } = definition
	const dropped = new Set(
		alternatives.flatMap(([a, b]) => [...(a in overrides ? [b] : []), ...(b in overrides ? [a] : [])]),
	)
	const kept = Object.entries(preset.options).filter(([option]) => !dropped.has(option))
	const options = { ...Object.fromEntries(kept), ...overrides }
	const parsed = definition.schema.safeParse(options)
	if (!parsed.success) {
		throw new NaptuneError(
			`The options of attack ${name} are not usable:\n${explainIssues(parsed.error, definition.schema)}`,
		)
	}
	return {
		name,
		attack: definition.name,
		doc: preset.doc,
		source: definition.source,
		options: recorded(parsed.data as Record<string, unknown>),
		targeted: definition.targeted(parsed.data),
		run: async (classifier, batch, threatModel, streams) => {
			if (!norms.includes(threatModel.norm)) {
				throw new NaptuneError(`Attack ${name} works in ${norms.join(', ')}, not in ${threatModel.norm}.`)
			}
			return run(classifier, batch, threatModel, options, streams)
		},
	}
}

function find(name: string): { readonly definition: AttackDefinition; readonly preset: AttackPreset } {
	for (const definition of attacks.values()) {
		if (definition.name === name) return { definition, preset: { doc: definition.doc, options: {} } }
		if (Object.hasOwn(definition.presets, name)) return { definition, preset: definition.presets[name]! }
	}
	const known = attackNames().map((entry) => entry.name)
	throw new NaptuneError(`Unknown attack ${name}; choose one of ${known.join(', ')}.`)
}

/** Options as JSON: what has a name goes by its name, functions are left out. */
function recorded(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
	const entries = Object.entries(options).flatMap(([key, value]): [string, unknown][] => {
		if (value === undefined || typeof value === 'function') return []
		if (typeof value === 'object' && value !== null && 'name' in value) return [[key, value.name]]
		return [[key, value]]
	})
	return Object.fromEntries(entries)
}
