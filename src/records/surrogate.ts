/** Records of surrogates: how an attacker's network was trained, and how good it is. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { informative } from './informative.js'
import { datasetShape } from './parts/dataset.js'
import { count, options, seconds, sha256, share } from './parts/fields.js'
import { trainingEngineSchema } from './parts/model.js'
import { type RecordForm, type RecordOf, recordKind, type SettingsOf } from './record-form.js'

const epoch = z
	.object({
		epoch: count.describe('Epoch, counted from 0.'),
		learningRate: z.number().describe('Learning rate of the last step.'),
		loss: z.number(),
	})
	.catchall(z.number())

/** Lines of the log of a surrogate's training. */
export const surrogateEpochForm = {
	title: 'the record of an epoch',
	doc: "Means over the steps of an epoch; one line of the log of a surrogate's training.",
	advice: 'The file was changed or damaged. Restore it.',
	schema: epoch,
} satisfies RecordForm<z.ZodType>

/** One line of the log: the epoch (0-based), its last learning rate, and means over its steps. */
export type SurrogateEpoch = Immutable<z.output<typeof epoch>>

const result = z.strictObject({
	parameters: count,
	seconds: seconds.describe('Wall-clock time of training, summed over all processes that worked on it.'),
	lastEpoch: epoch.describe('The last line of the log.'),
	testAccuracy: share
		.exactOptional()
		.describe('For a classifier: share of the test images that the written model classifies correctly.'),
	testImages: count.exactOptional(),
	sha256: sha256.describe('SHA-256 of the model file.'),
})

/** The quality and the cost of a surrogate. */
export type SurrogateResult = Immutable<z.output<typeof result>>

/** Records of surrogates, stored beside their models. */
export const surrogateKind = recordKind({
	title: 'the record of a surrogate',
	doc: "How an attacker's own network was trained, and how good it is (naptune surrogate).",
	advice: 'Restore it, or train the surrogate again.',
	settings: {
		format: z.literal(1),
		kind: z.enum(['classifier', 'substitute']),
		recipe: options,
		// The pixels identify the data; location and name do not matter.
		data: z.strictObject({
			name: informative(datasetShape.name),
			origin: informative(datasetShape.origin),
			classNames: datasetShape.classNames.exactOptional(),
			notices: informative(datasetShape.notices.exactOptional()),
			images: count,
			sha256: sha256.describe('SHA-256 of the pixels of all images.'),
		}),
		naptune: z.string(),
		engine: trainingEngineSchema,
	},
	found: { result },
})

/** Everything that determines a surrogate (JSON). */
export type SurrogateSettings = SettingsOf<typeof surrogateKind>

/** A finished surrogate. */
export type SurrogateRecord = RecordOf<typeof surrogateKind>
