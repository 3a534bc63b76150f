/** Surrogates: how a network of an attacker was trained, and what it is worth. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { informative } from './informative.js'
import { datasetShape } from './parts/dataset.js'
import { count, options, seconds, sha256, share } from './parts/fields.js'
import { trainingEngineSchema } from './parts/model.js'
import { type RecordForm, type RecordOf, recordKind, type SettingsOf } from './record-form.js'

const epoch = z
	.object({ epoch: count.describe('0-based.'), learningRate: z.number().describe('The last one.'), loss: z.number() })
	.catchall(z.number())

/** Lines of the log of a surrogate's training. */
export const surrogateEpochForm = {
	title: 'the record of an epoch',
	doc: "Means over the steps of an epoch; one line of the log of a surrogate's training.",
	advice: 'The file was changed or damaged; restore it.',
	schema: epoch,
} satisfies RecordForm<z.ZodType>

/** One line of the log: the epoch (0-based), its last learning rate, and means over its steps. */
export type SurrogateEpoch = Immutable<z.output<typeof epoch>>

const result = z.strictObject({
	parameters: count,
	seconds: seconds.describe('Wall-clock time of training, over all processes that worked on it.'),
	lastEpoch: epoch.describe('The last line of the log.'),
	testAccuracy: share
		.exactOptional()
		.describe('Of a classifier: share of the test images that the written model classifies right.'),
	testImages: count.exactOptional(),
	sha256: sha256.describe('Of the model file.'),
})

/** What a surrogate is worth and what it took. */
export type SurrogateResult = Immutable<z.output<typeof result>>

/** Records of surrogates, which lie beside their models. */
export const surrogateKind = recordKind({
	title: 'the record of a surrogate',
	doc: "How an attacker's own network was trained, and what it is worth (naptune surrogate).",
	advice: 'Restore it, or train the surrogate again.',
	settings: {
		format: z.literal(1),
		kind: z.enum(['classifier', 'substitute']),
		recipe: options,
		// Data are known by their pixels; where they lie and what they are called does not matter.
		data: z.strictObject({
			name: informative(datasetShape.name),
			origin: informative(datasetShape.origin),
			classNames: datasetShape.classNames.exactOptional(),
			notices: informative(datasetShape.notices.exactOptional()),
			images: count,
			sha256: sha256.describe('Of the pixels of all images.'),
		}),
		naptune: z.string(),
		engine: trainingEngineSchema,
	},
	found: { result },
})

/** Everything that decides how a surrogate comes out (JSON). */
export type SurrogateSettings = SettingsOf<typeof surrogateKind>

/** A finished surrogate. */
export type SurrogateRecord = RecordOf<typeof surrogateKind>
