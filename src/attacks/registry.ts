/** All attacks. Adding one takes a file and a line here. */

import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { ags } from './algorithms/ags/ags.js'
import { apgd } from './algorithms/apgd/apgd.js'
import { autoAttack } from './algorithms/autoattack/autoattack.js'
import { cwa } from './algorithms/cwa/cwa.js'
import { diFgsm } from './algorithms/di-fgsm/di-fgsm.js'
import { fab } from './algorithms/fab/fab.js'
import { featurePgd } from './algorithms/feature-pgd/feature-pgd.js'
import { miFgsm } from './algorithms/mi-fgsm/mi-fgsm.js'
import { pgd } from './algorithms/pgd/pgd.js'
import { square } from './algorithms/square/square.js'
import { vmiFgsm } from './algorithms/vmi-fgsm/vmi-fgsm.js'
import type { AttackDefinition, PreparedAttack } from './attack-definition.js'

const definitions: readonly AttackDefinition[] = [
	pgd,
	featurePgd,
	apgd,
	fab,
	square,
	autoAttack,
	cwa,
	ags,
	miFgsm,
	vmiFgsm,
	diFgsm,
]

/** Attacks by name. */
export const attacks: ReadonlyMap<string, AttackDefinition> = new Map(
	definitions.map((definition) => [definition.name, definition]),
)

/** Names that {@link prepareAttack} accepts, attacks and their presets, with one line each. */
export function attackNames(): { readonly name: string; readonly doc: string }[] {
	return definitions.flatMap(({ name, doc, presets }) => [
		{ name, doc },
		...Object.entries(presets).map(([preset, { doc }]) => ({ name: preset, doc })),
	])
}

/**
 * The definition for the name of an attack or preset.
 * @throws NaptuneError for an unknown name, listing the known ones.
 */
export function attackNamed(name: string): { readonly definition: AttackDefinition; readonly preset?: string } {
	for (const definition of definitions) {
		if (definition.name === name) return { definition }
		if (Object.hasOwn(definition.presets, name)) return { definition, preset: name }
	}
	const known = attackNames().map((entry) => entry.name)
	throw new NaptuneError(
		'NAP_NAME_UNKNOWN',
		`Unknown attack ${name}; choose one of ${known.join(', ')}.${didYouMean(name, known)}`,
	)
}

/**
 * An attack or preset with its options, parsed once for all batches.
 * @param name One of {@link attackNames}.
 * @param overrides Options that differ from the preset; missing ones take the attack's defaults.
 * @throws NaptuneError for an unknown name or wrong options (all listed).
 * @example
 * const attack = prepareAttack('pgd-100', { restarts: 5 })
 * console.log(attack.options, attack.cost(1000).gradients)
 */
export function prepareAttack(name: string, overrides: Readonly<Record<string, unknown>> = {}): PreparedAttack {
	const { definition, preset } = attackNamed(name)
	return definition.prepare(overrides, preset)
}
