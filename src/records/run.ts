/** Records of tuning runs: their settings, their progress and their results. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { informative } from './informative.js'
import { datasetShape } from './parts/dataset.js'
import { count, options, optionsWith, positive, seconds, sha256, share } from './parts/fields.js'
import { checkpointShape, trainingEngineSchema } from './parts/model.js'
import { presetSchema } from './parts/preset.js'
import type { RecordForm, RecordOf } from './record-form.js'

/** Descriptions of runs: `run.json`. */
export const runDescriptionForm = {
	title: 'the description of a run',
	doc: 'Everything that determines the result of a tuning run (naptune tune).',
	advice: 'Restore the run directory, or tune again.',
	schema: z.strictObject({
		format: z.literal(1),
		model: z.strictObject({
			...checkpointShape,
			geometry: options,
			preprocessor: options.describe('How pictures become pixels.'),
			promptIds: sha256.describe(
				'SHA-256 of the token ids of all prompts, the only effect of the tokenizer on the result.',
			),
		}),
		dataset: z.strictObject(datasetShape),
		training: z.strictObject({
			images: positive,
			ids: sha256.describe('SHA-256 of the ids and labels of the training images in order.'),
		}),
		defense: z.strictObject({ name: z.string(), options, trainableParameters: count }),
		config: optionsWith({
			seed: count,
			shots: positive,
			epochs: positive,
			batchSize: positive,
			attack: optionsWith({ epsilon: z.number() }),
		}).describe('Every setting of tuning.'),
		preset: informative(
			presetSchema
				.extend({ overrides: z.array(options).describe('Settings given in addition to the preset.') })
				.exactOptional(),
		),
		naptune: z.string(),
		engine: trainingEngineSchema,
	}),
} satisfies RecordForm<z.ZodType>

/** Everything that determines the result of a tuning run. */
export type RunDescription = RecordOf<typeof runDescriptionForm>

/** Closing records of runs: `result.json`. */
export const runResultForm = {
	title: 'the closing record of a run',
	doc: 'Summary of a tuning run, with the fingerprint of its parameters (naptune tune).',
	advice: 'Restore the run directory, or tune again.',
	schema: z.strictObject({
		format: z.literal(1),
		optimizerSteps: count,
		seconds: seconds.describe('Wall-clock time, summed over all processes that worked on the run.'),
		residentBytes: count.describe('Peak resident memory observed after the process compiled all programs of the run.'),
		epochsAtChance: count.describe(
			'Number of consecutive final epochs at chance; above 0 the parameters are worthless.',
		),
		parametersSha256: sha256.describe('SHA-256 of the file of final parameters.'),
		moved: z
			.number()
			.nonnegative()
			.exactOptional()
			.describe(
				'L2 distance of all parameters from their start, as a multiple of the length of the start; missing in older runs, and if all start at zero.',
			),
		checkpointSha256: sha256
			.exactOptional()
			.describe(
				'SHA-256 of the weights of the checkpoint beside the run; only for methods that fine-tune model weights.',
			),
	}),
} satisfies RecordForm<z.ZodType>

/** The summary of a run. */
export type RunResult = RecordOf<typeof runResultForm>

/** Lines of a run's log: `log.jsonl`. */
export const epochForm = {
	title: 'the record of an epoch',
	doc: 'Means over the training images of an epoch, attacked by the inner attack; one line of the log of a tuning run.',
	advice: 'The file was changed or damaged. Restore it.',
	schema: z.strictObject({
		epoch: count.describe('0-based.'),
		learningRate: z.number(),
		alpha: z.number().describe('Weight of the adversarial loss.'),
		cleanLoss: z.number(),
		adversarialLoss: z.number().nullable().describe('Null for a loss without attack, like the accuracy below.'),
		cleanAccuracy: share,
		adversarialAccuracy: share.nullable(),
		images: count,
	}),
} satisfies RecordForm<z.ZodType>

/** One line of a run's log: means over the training images of an epoch, attacked by the inner attack. */
export type EpochRecord = RecordOf<typeof epochForm>

/** Lines of the log of a pre-training run. */
export const pretrainingStepForm = {
	title: 'a line of the log of a pre-training run',
	doc: 'Means since the previous line; one line of the log of a pre-training run (naptune pretrain).',
	advice: 'The file was changed or damaged. Restore it.',
	schema: z.strictObject({
		step: count,
		epoch: z.number().describe('Finished epochs, with fraction.'),
		loss: z.number().describe('Mean loss since the previous line.'),
		learningRate: z.number(),
		scale: z.number().describe('Similarity scale.'),
		imagesPerSecond: z.number(),
		heldOutAccuracy: share
			.exactOptional()
			.describe('Zero-shot accuracy of the averaged weights on the held-out training images.'),
	}),
} satisfies RecordForm<z.ZodType>

/** One line of the log. */
export type PretrainingRecord = Immutable<z.output<typeof pretrainingStepForm.schema>>
