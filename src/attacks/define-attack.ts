/** Turns an attack's specification into its definition. Options are parsed here, once, and nowhere else. */

import type { z } from 'zod'
import { sumOfPasses } from '../classifier/pass-counter.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { explainIssues } from '../files/explain-issues.js'
import type { AttackDefinition, AttackFacts, AttackPreset } from './attack-definition.js'
import type { AttackRound } from './run/attack-round.js'
import { checkedRound } from './run/checked-round.js'

/** All that {@link defineAttack} needs. */
export interface AttackSpecification<Schema extends z.ZodType<object, object>> extends AttackFacts {
	/** Options with their defaults. Records contain the names and order of the keys, so they never change. */
	readonly schema: Schema
	/** Named options, each usable as an attack's name. */
	readonly presets: Readonly<Record<string, AttackPreset<z.input<Schema>>>>
	/**
	 * The rounds to try in turn, at least one.
	 * @param classes Number of classes of the attacked model. @param name The requested name.
	 * @throws NaptuneError for a number of classes that it does not support.
	 */
	rounds(settings: z.output<Schema>, classes: number, name: string): readonly AttackRound[]
	/** Whether the labels of a batch are targets. Default: never. */
	targeted?(settings: z.output<Schema>): boolean
	/** Whether it chooses among candidates by predicted classes. Default: the value of `skipsWrong`. */
	followsPredictions?(settings: z.output<Schema>): boolean
	/** Draws of a randomised model to average every gradient over. Default 1. */
	draws?(settings: z.output<Schema>): number
	/** Name of the objective, for an attack that takes any objective. */
	objective?(settings: z.output<Schema>): string
	/** The settings as JSON for records, if they are not JSON themselves. Undefined fields are dropped. */
	recorded?(settings: z.output<Schema>): Readonly<Record<string, unknown>>
}

/**
 * Makes an attack from its specification: one file, and a line in the registry.
 * @example
 * export const still = defineAttack({
 *   name: 'still',
 *   doc: 'Changes nothing: the control of controls.',
 *   source: 'none',
 *   norms: ['linf', 'l2'],
 *   access: 'nothing',
 *   schema: z.strictObject({}),
 *   presets: {},
 *   rounds: (_settings, _classes, name) => [
 *     {
 *       stage: name,
 *       name,
 *       cost: { evaluations: 0, gradients: 0 },
 *       run: async (_, { images }) => ({ ...images, data: images.data.slice() }),
 *     },
 *   ],
 * })
 */
export function defineAttack<Schema extends z.ZodType<object, object>>(
	specification: AttackSpecification<Schema>,
): AttackDefinition<z.input<Schema>> {
	const { rounds, targeted, followsPredictions, draws, objective, recorded, ...definition } = specification
	const { norms, schema, access, labelFree = false, skipsWrong = false } = definition
	return {
		...definition,
		prepare(options, preset) {
			const name = preset ?? definition.name
			const chosen = preset === undefined ? undefined : presetOf(definition, preset)
			const settings = parsed(name, schema, withPreset(definition, chosen?.options, options))
			const attempts = (classes: number) =>
				rounds(settings, classes, name).map((round) => checkedRound({ name, norms }, round))
			return {
				name,
				attack: definition.name,
				doc: chosen?.doc ?? definition.doc,
				source: definition.source,
				norms,
				options: defined(recorded?.(settings) ?? settings),
				...defined({ objective: objective?.(settings) }),
				targeted: targeted?.(settings) ?? false,
				reads: {
					model: access,
					labels: !labelFree,
					predictions: followsPredictions?.(settings) ?? skipsWrong,
					draws: draws?.(settings) ?? 1,
				},
				skipsWrong,
				rounds: attempts,
				cost: (classes) => sumOfPasses(attempts(classes).map(({ cost }) => cost)),
			}
		},
	}
}

/** @throws NaptuneError for an unknown preset. */
function presetOf<Options extends object>(
	{ name, presets }: Pick<AttackDefinition<Options>, 'name' | 'presets'>,
	preset: string,
): AttackPreset<Options> {
	const found = Object.hasOwn(presets, preset) ? presets[preset] : undefined
	if (found) return found
	const known = Object.keys(presets)
	throw new NaptuneError(
		'NAP_NAME_UNKNOWN',
		`Attack ${name} has no preset ${preset}; it has ${known.join(', ') || 'none'}.${didYouMean(preset, known)}`,
	)
}

/** A preset's options, overridden by the given ones. */
function withPreset(
	{ alternatives = [] }: Pick<AttackFacts, 'alternatives'>,
	preset: object = {},
	options: object = {},
): object {
	const dropped = new Set(
		alternatives.flatMap(([a, b]) => [
			...(Object.hasOwn(options, a) ? [b] : []),
			...(Object.hasOwn(options, b) ? [a] : []),
		]),
	)
	const kept = Object.entries(preset).filter(([option]) => !dropped.has(option))
	return { ...Object.fromEntries(kept), ...options }
}

function parsed<Schema extends z.ZodType>(name: string, schema: Schema, options: object): z.output<Schema> {
	const found = schema.safeParse(options)
	if (found.success) return found.data
	throw new NaptuneError(
		'NAP_OPTION_INVALID',
		`The options of attack ${name} are invalid:\n${explainIssues(found.error, schema, options)}`,
	)
}
