/** What an attack made of single images. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { passesSchema } from './accuracy.js'
import { count } from './fields.js'

/** What became of one image. */
export const outcomeSchema = z.strictObject({
	id: z.string(),
	label: count.describe('Position of its class.'),
	cleanPrediction: count,
	adversarialPrediction: count.describe('On the adversarial image; on the clean one where that was not attacked.'),
	attacked: z.boolean().describe('Whether it was attacked, rather than skipped because its clean prediction is wrong.'),
	stage: z
		.string()
		.exactOptional()
		.describe('The stage that fooled the model, of an attack with several; missing where none did.'),
	zeroGradient: z
		.literal(true)
		.exactOptional()
		.describe(
			'That every gradient which the attack looked at was zero in every pixel: it had nothing to follow. Missing otherwise.',
		),
})

/** What became of one image. */
export type AttackOutcome = Immutable<z.output<typeof outcomeSchema>>

/** What the model says of one image after one round; enough of them make an outcome, and a run goes on from them. */
export const trialSchema = z.strictObject({
	id: z.string(),
	round: z.string().describe('Name of the round, or `clean` for the clean image.'),
	prediction: count.describe("Class predicted for the clean image, or for the round's candidate."),
	zeroGradient: z
		.literal(true)
		.exactOptional()
		.describe('That every gradient which the round looked at was zero in every pixel; missing otherwise.'),
})

/** What the model says of one image after one round; enough of them make an outcome, and a run goes on from them. */
export type AttackTrial = Immutable<z.output<typeof trialSchema>>

/** What a batch of an attack brought, and what it took. */
export const batchSchema = z.strictObject({
	trials: z.array(trialSchema),
	seconds: z.number().nonnegative().describe('Wall-clock time since the batch before.'),
	passes: passesSchema,
})

/** What a batch of an attack brought, and what it took. */
export type AttackedBatch = Immutable<z.output<typeof batchSchema>>

/**
 * A line of the log of trials: a whole batch, so that a line which was cut off takes its batch with it and a resumed attack goes
 * on with the batches that it would have had. Earlier versions wrote a line for each trial.
 */
export const trialsLine = z.union([trialSchema, batchSchema])

/** The lines that an attack left, as an evaluation takes them. */
export function earlierTrials(lines: readonly Immutable<z.output<typeof trialsLine>>[]): {
	readonly earlier: readonly AttackTrial[]
	readonly batches: readonly AttackedBatch[]
} {
	return {
		earlier: lines.flatMap((line) => ('trials' in line ? [] : [line])),
		batches: lines.flatMap((line) => ('trials' in line ? [line] : [])),
	}
}
