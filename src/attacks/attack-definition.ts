/** Defines an attack: its options, presets and source, and what it becomes once its options are chosen. */

import type { z } from 'zod'
import type { Passes } from '../classifier/pass-counter.js'
import type { AttackRound } from './run/attack-round.js'
import type { Norm } from './sets/threat-model.js'

/**
 * What an attack calls on its target model: `gradient` (and anything else), `query` only the outputs, `nothing` if it makes
 * images from other models alone.
 */
export type ModelAccess = 'gradient' | 'query' | 'nothing'

/** What an attack reads, which decides what its attacker must know and where it can be used. */
export interface AttackReads {
	readonly model: ModelAccess
	/** Whether it reads labels: an attack that does not also works on models and images without classes. */
	readonly labels: boolean
	/**
	 * Whether it depends on predicted classes, to skip images or to choose among its candidates. Such an attack is
	 * meaningless if an image has several right answers.
	 */
	readonly predictions: boolean
	/** Draws of a randomised model to average every gradient over; 1 if it guesses the random numbers once. */
	readonly draws: number
}

/** An attack with all its options chosen. Run it with `attackBatch` or `runAttack`. */
export interface PreparedAttack {
	/** The requested name: an attack's or a preset's. */
	readonly name: string
	/** The registered attack. */
	readonly attack: string
	/** What it does, in one line. */
	readonly doc: string
	/** Paper and references it follows. */
	readonly source: string
	/** Norms it works in. */
	readonly norms: readonly Norm[]
	/** The whole configuration with defaults filled in, as JSON, for records. */
	readonly options: Readonly<Record<string, unknown>>
	/** Name of the objective, for an attack that takes any objective; missing for attacks with losses of their own. */
	readonly objective?: string
	/** Whether the labels of a batch are targets. */
	readonly targeted: boolean
	readonly reads: AttackReads
	/** Whether images with a wrong clean prediction are skipped, because they are errors already. */
	readonly skipsWrong: boolean
	/**
	 * The rounds to try in turn, at least one; each checks its input and output.
	 * @param classes Number of classes of the attacked model.
	 * @throws NaptuneError for a number of classes that it does not support.
	 */
	rounds(classes: number): readonly AttackRound[]
	/**
	 * Most passes per image, over all rounds, for estimates of time. Images that are fooled early take fewer.
	 * @param classes As for {@link rounds}.
	 */
	cost(classes: number): Passes
}

/** Named options. */
export interface AttackPreset<Options extends object = Readonly<Record<string, unknown>>> {
	/** Its purpose, in one line. */
	readonly doc: string
	readonly options: Options
}

/** Facts about an attack that do not depend on its options. */
export interface AttackFacts {
	/** Stable, in kebab-case; records contain it. */
	readonly name: string
	/** What it does, in one line. */
	readonly doc: string
	/** Paper and references it follows. */
	readonly source: string
	/** Norms it works in. */
	readonly norms: readonly Norm[]
	readonly access: ModelAccess
	/** Whether it never reads labels. Default false. */
	readonly labelFree?: boolean
	/** Whether images with a wrong clean prediction are skipped, because they are errors already. Default false. */
	readonly skipsWrong?: boolean
	/** Pairs of options that express the same thing in two ways: giving one of them drops the other from a preset. */
	readonly alternatives?: readonly (readonly [string, string])[]
}

/** A registered attack. */
export interface AttackDefinition<Options extends object = Readonly<Record<string, unknown>>> extends AttackFacts {
	/** Schema of its options, with their defaults. */
	readonly schema: z.ZodType<object, object>
	readonly presets: Readonly<Record<string, AttackPreset<Options>>>
	/**
	 * Chooses options, once for all batches.
	 * @param options Those that differ from the preset; missing ones take the attack's defaults.
	 * @param preset One of {@link presets}; default none.
	 * @throws NaptuneError that lists every unusable option, or for an unknown preset.
	 * @example
	 * const attack = pgd.prepare({ steps: 20, restarts: 5 })
	 */
	prepare(options?: Options, preset?: string): PreparedAttack
}
