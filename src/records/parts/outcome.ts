/** Outcomes of single images under attack. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { passesSchema } from './accuracy.js'
import { count } from './fields.js'

/** The outcome of one image. */
export const outcomeSchema = z.strictObject({
	id: z.string(),
	label: count.describe('Position of its class.'),
	cleanPrediction: count,
	adversarialPrediction: count.describe(
		'Class predicted for the adversarial image, or for the clean one if it was not attacked.',
	),
	attacked: z.boolean().describe('Whether the image was attacked rather than skipped for a wrong clean prediction.'),
	stage: z
		.string()
		.exactOptional()
		.describe('The stage that fooled the model, for an attack with several; missing if none did.'),
	zeroGradient: z
		.literal(true)
		.exactOptional()
		.describe(
			'True if every gradient that the attack used was zero in every pixel, so that it had nothing to follow; otherwise missing.',
		),
})

/** The outcome of one image. */
export type AttackOutcome = Immutable<z.output<typeof outcomeSchema>>

/** The prediction for one image after one round; trials add up to an outcome, and a stopped attack resumes from them. */
export const trialSchema = z.strictObject({
	id: z.string(),
	round: z.string().describe('Name of the round, or `clean` for the clean image.'),
	prediction: count.describe("Class predicted for the clean image, or for the round's candidate."),
	zeroGradient: z
		.literal(true)
		.exactOptional()
		.describe('True if every gradient that the round used was zero in every pixel; otherwise missing.'),
})

/** The prediction for one image after one round; trials add up to an outcome, and a stopped attack resumes from them. */
export type AttackTrial = Immutable<z.output<typeof trialSchema>>

/** The trials of one batch of an attack, and their cost. */
export const batchSchema = z.strictObject({
	trials: z.array(trialSchema),
	seconds: z.number().nonnegative().describe('Wall-clock time since the previous batch.'),
	passes: passesSchema,
})

/** The trials of one batch of an attack, and their cost. */
export type AttackedBatch = Immutable<z.output<typeof batchSchema>>

/**
 * A line of the log of trials holds a whole batch. A truncated line therefore drops its batch, and a resumed attack
 * continues with the same batches. Earlier versions wrote one line per trial.
 */
export const trialsLine = z.union([trialSchema, batchSchema])

/** Converts the log of an earlier attack for an evaluation. */
export function earlierTrials(lines: readonly Immutable<z.output<typeof trialsLine>>[]): {
	readonly earlier: readonly AttackTrial[]
	readonly batches: readonly AttackedBatch[]
} {
	return {
		earlier: lines.flatMap((line) => ('trials' in line ? [] : [line])),
		batches: lines.flatMap((line) => ('trials' in line ? [line] : [])),
	}
}
