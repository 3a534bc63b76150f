/** All attacks: adding one is a file and a line here. */

import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { agsDefinition } from './algorithms/ags/ags.js'
import { apgdDefinition } from './algorithms/apgd/apgd.js'
import { autoAttackDefinition } from './algorithms/autoattack/autoattack.js'
import { cwaDefinition } from './algorithms/cwa/cwa.js'
import { fabDefinition } from './algorithms/fab/fab.js'
import { featurePgdDefinition } from './algorithms/feature-pgd/feature-pgd.js'
import { pgdDefinition } from './algorithms/pgd/pgd.js'
import { squareDefinition } from './algorithms/square/square.js'
import type { AttackDefinition, AttackPreset, PreparedAttack } from './attack-definition.js'
import type { AttackRound } from './run/attack-round.js'
import { checkedAttack } from './run/checked-attack.js'
import type { ThreatModel } from './sets/threat-model.js'
import { usableOptions } from './usable-options.js'

const definitions: readonly unknown[] = [
	pgdDefinition,
	featurePgdDefinition,
	apgdDefinition,
	fabDefinition,
	squareDefinition,
	autoAttackDefinition,
	cwaDefinition,
	agsDefinition,
]

/** Attacks by name. */
export const attacks: ReadonlyMap<string, AttackDefinition> = new Map(
	(definitions as readonly AttackDefinition[]).map((definition) => [definition.name, definition]),
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
	const settings = usableOptions(`attack ${name}`, definition.schema, options)
	const requireNorm = ({ norm }: ThreatModel) => {
		if (norms.includes(norm)) return
		throw new NaptuneError(`Attack ${name} works in ${norms.join(', ')}, not in ${norm}.`)
	}
	const whole = async (...[classifier, batch, threatModel, streams]: Parameters<PreparedAttack['run']>) => {
		requireNorm(threatModel)
		return run(classifier, batch, threatModel, options, streams)
	}
	return {
		name,
		attack: definition.name,
		doc: preset.doc,
		source: definition.source,
		options: recorded(settings as Record<string, unknown>),
		targeted: definition.targeted(settings),
		access: definition.access,
		skipsWrong: definition.skipsWrong ?? false,
		...defined({ labelFree: definition.labelFree ? true : undefined }),
		rounds: (classes) => {
			const rounds = definition.rounds?.(settings, classes)
			return rounds?.map((round) => checkedRound(round, requireNorm)) ?? [wholeRound(name, settings, whole)]
		},
		run: whole,
	}
}

/** An attack without rounds of its own as one round. */
function wholeRound(name: string, options: unknown, run: PreparedAttack['run']): AttackRound {
	const { steps, restarts, eotSamples = 1 } = options as Readonly<Record<string, unknown>>
	const gradients =
		typeof steps === 'number' && typeof restarts === 'number' ? steps * restarts * Number(eotSamples) : 1
	return { stage: name, name, calls: { evaluations: 0, gradients }, run }
}

function checkedRound(round: AttackRound, requireNorm: (threatModel: ThreatModel) => void): AttackRound {
	const run = checkedAttack<undefined>((classifier, batch, threatModel, _, streams) =>
		round.run(classifier, batch, threatModel, streams),
	)
	return {
		...round,
		run: async (classifier, batch, threatModel, streams) => {
			requireNorm(threatModel)
			return run(classifier, batch, threatModel, undefined, streams)
		},
	}
}

function find(name: string): { readonly definition: AttackDefinition; readonly preset: AttackPreset } {
	for (const definition of attacks.values()) {
		if (definition.name === name) return { definition, preset: { doc: definition.doc, options: {} } }
		if (Object.hasOwn(definition.presets, name)) return { definition, preset: definition.presets[name]! }
	}
	const known = attackNames().map((entry) => entry.name)
	throw new NaptuneError(`Unknown attack ${name}; choose one of ${known.join(', ')}.${didYouMean(name, known)}`)
}

/** Options as JSON: what has a name goes by its name, with SHA-256 and reading where it has them; functions are left out. */
function recorded(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
	const entries = Object.entries(options).flatMap(([key, value]): [string, unknown][] =>
		value === undefined || typeof value === 'function' ? [] : [[key, recordedValue(value)]],
	)
	return Object.fromEntries(entries)
}

function recordedValue(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(recordedValue)
	if (typeof value !== 'object' || value === null || !('name' in value)) return value
	if (!('sha256' in value)) return value.name
	return { name: value.name, sha256: value.sha256, ...defined({ reads: 'reads' in value ? value.reads : undefined }) }
}
