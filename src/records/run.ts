/** Tuning runs: what was asked for, how it went, and how it ended. */

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
	doc: 'Everything that decides the result of a tuning run (naptune tune).',
	advice: 'Restore the run directory, or tune again.',
	schema: z.strictObject({
		format: z.literal(1),
		model: z.strictObject({
			...checkpointShape,
			geometry: options,
			preprocessor: options.describe('How a picture becomes pixels.'),
			promptIds: sha256.describe('Of the token ids of all prompts: all that the tokenizer does for the result.'),
		}),
		dataset: z.strictObject(datasetShape),
		training: z.strictObject({
			images: positive,
			ids: sha256.describe('Of the ids and labels of the training images in order.'),
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
				.extend({ overrides: z.array(options).describe('What was asked for beside the preset.') })
				.exactOptional(),
		),
		naptune: z.string(),
		engine: trainingEngineSchema,
	}),
} satisfies RecordForm<z.ZodType>

/** Everything that decides the result of a tuning run. */
export type RunDescription = RecordOf<typeof runDescriptionForm>

/** Closing records of runs: `result.json`. */
export const runResultForm = {
	title: 'the closing record of a run',
	doc: 'How a tuning run went, with the fingerprint of its parameters (naptune tune).',
	advice: 'Restore the run directory, or tune again.',
	schema: z.strictObject({
		format: z.literal(1),
		optimizerSteps: count,
		seconds: seconds.describe('Wall-clock time of all processes that worked on the run.'),
		residentBytes: count.describe(
			'The largest resident memory of the process that was seen with all programs of the run compiled.',
		),
		epochsAtChance: count.describe('Latest epochs in a row at chance; above 0 the parameters are worthless.'),
		parametersSha256: sha256.describe('Of the file of final parameters.'),
		moved: z
			.number()
			.nonnegative()
			.exactOptional()
			.describe(
				'L2 distance of all parameters from their start, as a multiple of the length of the start; missing in older runs, and where all start at zero.',
			),
		checkpointSha256: sha256
			.exactOptional()
			.describe(
				'Of the weights of the checkpoint beside the run; only of methods that fine-tune weights of the model.',
			),
	}),
} satisfies RecordForm<z.ZodType>

/** How a run went. */
export type RunResult = RecordOf<typeof runResultForm>

/** Lines of a run's log: `log.jsonl`. */
export const epochForm = {
	title: 'the record of an epoch',
	doc: 'Means over the training images of an epoch, attacked by the inner attack; one line of the log of a tuning run.',
	advice: 'The file was changed or damaged; restore it.',
	schema: z.strictObject({
		epoch: count.describe('0-based.'),
		learningRate: z.number(),
		alpha: z.number().describe('Weight of the adversarial loss.'),
		cleanLoss: z.number(),
		adversarialLoss: z.number().nullable().describe('Null for a loss that attacks nothing, as the accuracy below.'),
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
	doc: 'Means since the line before; one line of the log of a pre-training run (naptune pretrain).',
	advice: 'The file was changed or damaged; restore it.',
	schema: z.strictObject({
		step: count,
		epoch: z.number().describe('Epochs done, with fraction.'),
		loss: z.number().describe('Mean since the last line.'),
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
