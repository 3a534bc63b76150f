/** Stores of adversarial images: what they say of how their images came about. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { type AttackDescription, attackSchema, knowledgeSchema } from './parts/attack.js'
import { datasetShape } from './parts/dataset.js'
import { chosen, count, options, positive, sha256 } from './parts/fields.js'
import { versionsSchema } from './parts/model.js'
import { threatModelSchema } from './parts/threat-model.js'
import type { RecordForm } from './record-form.js'

const { name, origin, notices, classNames } = datasetShape

const seed = count.describe("Of the attack's random choices.")

const models = z
	.array(z.strictObject({ name: z.string(), sha256, reads: options.exactOptional() }))
	.min(1)
	.describe(
		'What the images were made on: surrogates, with how pixels are given to them, or the attacked model itself.',
	)

const evaluation = z
	.strictObject({
		options: options.describe('Of the defense that was attacked.'),
		testTime: chosen.exactOptional(),
		knowledge: knowledgeSchema,
		knownModel: chosen
			.exactOptional()
			.describe('The model that gradients were taken of, where it was not the attacked one.'),
		target: count.exactOptional().describe('Position of the class that was aimed at.'),
	})
	.exactOptional()
	.describe(
		'Of images that were kept of an evaluation: what else it was of. Whatever the attacker did not know still chose them.',
	)

/** Manifests of stores; one format with the shards beside it. */
export const adversarialManifestForm = {
	title: 'a manifest',
	doc: 'Everything that decides the adversarial images of a store (naptune generate, naptune evaluate --keep-images).',
	advice: 'Restore it, or generate the images anew in another folder.',
	schema: z.strictObject({
		format: z.literal(1),
		attack: attackSchema,
		models,
		evaluation,
		threatModel: threatModelSchema,
		seed,
		imageShape: z.tuple([positive, positive, positive]).describe('[channels, height, width] of one image.'),
		preprocessing: options.describe('How an image of the data became pixels.'),
		dataset: z
			.strictObject({ name, origin, notices, split: z.string(), classNames: classNames.min(1) })
			.describe('Where the images are from; more of them can be added later.'),
		versions: versionsSchema,
	}),
} satisfies RecordForm<z.ZodType>

/** Everything that decides the images of a store; JSON. */
export type AdversarialManifest = Immutable<z.output<typeof adversarialManifestForm.schema>>

const made = z.strictObject({ seed, models, evaluation, manifest: sha256.exactOptional() })

/** What the options of an attack by stored images say of how they came about. */
export type MadeBefore = Immutable<z.output<typeof made>>

/** What an attack by stored images says of how they came about; undefined where images are made by the attack itself. */
export function madeBefore(attack: Pick<AttackDescription, 'options'>): MadeBefore | undefined {
	return made.safeParse(attack.options.made).data
}

/** The images of one shard of a store, in the metadata of its file. */
export const storedImagesSchema = z.array(
	z.strictObject({
		id: z.string(),
		label: count.describe('The label that the attack was given: the true class, or the target of a targeted attack.'),
		clean: sha256.describe("Of the clean image's float32 values, little-endian."),
		adversarial: sha256.describe("Of the adversarial image's."),
	}),
)

/** What is known of a stored image without reading it. */
export type StoredImageEntry = Immutable<z.output<typeof storedImagesSchema>>[number]
