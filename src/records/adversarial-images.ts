/** Manifests of stores of adversarial images, which state how the images were made. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { type AttackDescription, attackSchema, knowledgeSchema } from './parts/attack.js'
import { datasetShape } from './parts/dataset.js'
import { chosen, count, options, positive, sha256 } from './parts/fields.js'
import { versionsSchema } from './parts/model.js'
import { threatModelSchema } from './parts/threat-model.js'
import type { RecordForm } from './record-form.js'

const { name, origin, notices, classNames } = datasetShape

const seed = count.describe("Seed of the attack's random choices.")

const models = z
	.array(z.strictObject({ name: z.string(), sha256, reads: options.exactOptional() }))
	.min(1)
	.describe('What the images were made on: surrogates, with the way they take pixels, or the attacked model itself.')

const evaluation = z
	.strictObject({
		options: options.describe('Options of the attacked defense.'),
		testTime: chosen.exactOptional(),
		knowledge: knowledgeSchema,
		knownModel: chosen.exactOptional().describe('The model that supplied the gradients, if not the attacked one.'),
		target: count.exactOptional().describe('Position of the target class.'),
	})
	.exactOptional()
	.describe(
		'For images kept from an evaluation: its other settings. Even what the attacker did not know influenced which images were kept.',
	)

/** Manifests of stores; they share a format version with the shards beside them. */
export const adversarialManifestForm = {
	title: 'a manifest',
	doc: 'Everything that determines the adversarial images of a store (naptune generate, naptune evaluate --keep-images).',
	advice: 'Restore it, or generate the images again in another folder.',
	schema: z.strictObject({
		format: z.literal(1),
		attack: attackSchema,
		models,
		evaluation,
		threatModel: threatModelSchema,
		seed,
		imageShape: z.tuple([positive, positive, positive]).describe('[channels, height, width] of one image.'),
		preprocessing: options.describe('How images of the data became pixels.'),
		dataset: z
			.strictObject({ name, origin, notices, split: z.string(), classNames: classNames.min(1) })
			.describe('Where the images come from; more can be added later.'),
		versions: versionsSchema,
	}),
} satisfies RecordForm<z.ZodType>

/** Everything that determines the images of a store; JSON. */
export type AdversarialManifest = Immutable<z.output<typeof adversarialManifestForm.schema>>

const made = z.strictObject({ seed, models, evaluation, manifest: sha256.exactOptional() })

/** How stored images were made, from the options of the attack that uses them. */
export type MadeBefore = Immutable<z.output<typeof made>>

/** How stored images were made, for an attack that uses them; undefined for an attack that makes its own images. */
export function madeBefore(attack: Pick<AttackDescription, 'options'>): MadeBefore | undefined {
	return made.safeParse(attack.options.made).data
}

/** The images of one shard of a store, in the metadata of its file. */
export const storedImagesSchema = z.array(
	z.strictObject({
		id: z.string(),
		label: count.describe('The label given to the attack: the true class, or the target of a targeted attack.'),
		clean: sha256.describe("SHA-256 of the clean image's float32 values, little-endian."),
		adversarial: sha256.describe('The same of the adversarial image.'),
	}),
)

/** What a manifest knows about a stored image. */
export type StoredImageEntry = Immutable<z.output<typeof storedImagesSchema>>[number]
