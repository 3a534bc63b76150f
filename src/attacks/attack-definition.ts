/** What the registry knows of an attack: its options, presets and where it comes from. */

import type { z } from 'zod'
import type { Attack } from './run/attack.js'
import type { AttackRound, AttackRun } from './run/attack-round.js'
import type { Norm } from './sets/threat-model.js'

/** Options under a name of their own. */
export interface AttackPreset {
	/** One line: what it is for. */
	readonly doc: string
	readonly options: Readonly<Record<string, unknown>>
}

/**
 * What an attack calls of the model that it attacks: `gradient` (and whatever else it likes), `query` only its outputs,
 * `nothing` where images are made from other models alone.
 */
export type ModelAccess = 'gradient' | 'query' | 'nothing'

/** A registered attack. */
export interface AttackDefinition<Schema extends z.ZodType = z.ZodType> {
	readonly name: string
	/** One line: what it does. */
	readonly doc: string
	/** Paper and references it follows. */
	readonly source: string
	readonly access: ModelAccess
	/** Norms it works in. */
	readonly norms: readonly Norm[]
	/** Whether images whose clean prediction is wrong are left alone, being errors already. Default false. */
	readonly skipsWrong?: boolean
	/** Whether it never reads labels. Default false. */
	readonly labelFree?: boolean
	/** Options with their defaults. */
	readonly schema: Schema
	/** Named options, each usable as an attack's name. */
	readonly presets: Readonly<Record<string, AttackPreset>>
	/** Pairs of options that say the same thing in two ways: giving one of them drops the other from a preset. */
	readonly alternatives?: readonly (readonly [string, string])[]
	/** Whether the labels of a batch are targets. */
	targeted(options: z.output<Schema>): boolean
	/** What it tries in turn, for a number of classes; by default one round, which is the whole attack. */
	rounds?(options: z.output<Schema>, classes: number): readonly AttackRound[]
	readonly run: Attack<z.input<Schema>>
}

/** An attack with all its options chosen. */
export interface PreparedAttack {
	/** The name it was asked for by: an attack's or a preset's. */
	readonly name: string
	/** The registered attack. */
	readonly attack: string
	readonly doc: string
	readonly source: string
	/** The whole configuration with defaults filled in, as JSON, for records. */
	readonly options: Readonly<Record<string, unknown>>
	/** Whether the labels of a batch are targets. */
	readonly targeted: boolean
	readonly access: ModelAccess
	/** Whether images whose clean prediction is wrong are left alone. */
	readonly skipsWrong: boolean
	/** Whether it never reads labels; missing where it does. */
	readonly labelFree?: boolean
	/** What it tries in turn; each round checks its input and output. @throws NaptuneError for a number of classes that it does not work for. */
	rounds(classes: number): readonly AttackRound[]
	/** Runs it, with input and output checked. @throws NaptuneError for a norm that it does not know, and as {@link Attack}. */
	readonly run: AttackRun
}
