/** What an attack is: its options, presets and where it comes from; and what it becomes when its options are chosen. */

import type { z } from 'zod'
import type { Passes } from '../classifier/pass-counter.js'
import type { AttackRound } from './run/attack-round.js'
import type { Norm } from './sets/threat-model.js'

/**
 * What an attack calls of the model that it attacks: `gradient` (and whatever else it likes), `query` only its outputs,
 * `nothing` where images are made from other models alone.
 */
export type ModelAccess = 'gradient' | 'query' | 'nothing'

/** What an attack looks at, which decides what its attacker must know and where it can be used. */
export interface AttackReads {
	readonly model: ModelAccess
	/** Whether labels are read: one that does without works on models and images without classes, too. */
	readonly labels: boolean
	/**
	 * Whether it follows predicted classes: leaves images alone or chooses among its candidates by them. Such an attack has no
	 * meaning where an image has several right answers.
	 */
	readonly predictions: boolean
	/** Draws of a randomised model that every gradient is averaged over; 1 where its random numbers are guessed once. */
	readonly draws: number
}

/** An attack with all its options chosen. It is run by `attackBatch` or `runAttack`. */
export interface PreparedAttack {
	/** The name it was asked for by: an attack's or a preset's. */
	readonly name: string
	/** The registered attack. */
	readonly attack: string
	/** One line: what it does. */
	readonly doc: string
	/** Paper and references it follows. */
	readonly source: string
	/** Norms it works in. */
	readonly norms: readonly Norm[]
	/** The whole configuration with defaults filled in, as JSON, for records. */
	readonly options: Readonly<Record<string, unknown>>
	/** Name of what is maximised, of an attack that takes any objective; missing where it has losses of its own. */
	readonly objective?: string
	/** Whether the labels of a batch are targets. */
	readonly targeted: boolean
	readonly reads: AttackReads
	/** Whether images whose clean prediction is wrong are left alone, being errors already. */
	readonly skipsWrong: boolean
	/**
	 * What it tries in turn, at least one round; each checks its input and output.
	 * @param classes Number of classes of the attacked model.
	 * @throws NaptuneError for a number of classes that it does not work for.
	 */
	rounds(classes: number): readonly AttackRound[]
	/**
	 * Passes per image at most, of all rounds together, for estimates of time. Images that are fooled early take fewer.
	 * @param classes As for {@link rounds}.
	 */
	cost(classes: number): Passes
}

/** Options under a name of their own. */
export interface AttackPreset<Options extends object = Readonly<Record<string, unknown>>> {
	/** One line: what it is for. */
	readonly doc: string
	readonly options: Options
}

/** What is true of an attack whatever its options. */
export interface AttackFacts {
	/** Stable, in kebab-case; records hold it. */
	readonly name: string
	/** One line: what it does. */
	readonly doc: string
	/** Paper and references it follows. */
	readonly source: string
	/** Norms it works in. */
	readonly norms: readonly Norm[]
	readonly access: ModelAccess
	/** Whether it never reads labels. Default false. */
	readonly labelFree?: boolean
	/** Whether images whose clean prediction is wrong are left alone, being errors already. Default false. */
	readonly skipsWrong?: boolean
	/** Pairs of options that say the same thing in two ways: giving one of them drops the other from a preset. */
	readonly alternatives?: readonly (readonly [string, string])[]
}

/** A registered attack. */
export interface AttackDefinition<Options extends object = Readonly<Record<string, unknown>>> extends AttackFacts {
	/** Of its options, with their defaults. */
	readonly schema: z.ZodType<object, object>
	readonly presets: Readonly<Record<string, AttackPreset<Options>>>
	/**
	 * Chooses options, once for all batches.
	 * @param options Those that differ from the preset's; missing ones take the attack's defaults.
	 * @param preset One of {@link presets}; default none.
	 * @throws NaptuneError listing every option that is not usable, or for a preset that it does not have.
	 * @example
	 * const attack = pgd.prepare({ steps: 20, restarts: 5 })
	 */
	prepare(options?: Options, preset?: string): PreparedAttack
}
