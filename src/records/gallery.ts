/** Galleries: a few images under attack, and what a control and a tuned model see in them. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { evaluationSettingsShape } from './evaluation.js'
import { classProbabilitySchema } from './parts/class-probability.js'
import { count, positive, seconds, sha256 } from './parts/fields.js'
import { defenseSchema } from './parts/model.js'
import { type RecordOf, recordKind, type SettingsOf } from './record-form.js'

const { defense: _, testTime: __, target: ___, ...evaluated } = evaluationSettingsShape

const classes = z.array(classProbabilitySchema).min(1)

const view = z.strictObject({
	clean: classes,
	adversarial: classes
		.exactOptional()
		.describe('Classes under attack; missing if the model was already wrong and was not attacked.'),
})

/** What one model sees in an image: its most probable classes, best first. */
export type GalleryView = Immutable<z.output<typeof view>>

/** Records of galleries; the pixels are in a file beside them. */
export const galleryKind = recordKind({
	title: 'a gallery',
	doc: 'A few images under attack and what two models see in them; the pixels are in a file beside it (naptune report).',
	advice: 'Make the gallery again.',
	settings: {
		kind: z.literal('gallery'),
		...evaluated,
		models: z.array(defenseSchema).length(2).describe('The control, and the tuned model.'),
		rule: z.string().describe('Sentence that states how the images were chosen.'),
	},
	found: {
		images: z
			.array(
				z.strictObject({
					id: z.string(),
					label: count,
					models: z.array(view).length(2).describe('Views in the order of the models.'),
				}),
			)
			.min(1),
		pixels: sha256.describe('SHA-256 of the file of pixels.'),
		seconds,
		threads: positive,
	},
})

/** The settings that determine a gallery. */
export type GallerySettings = SettingsOf<typeof galleryKind>

/** A gallery as JSON. */
export type GalleryRecord = RecordOf<typeof galleryKind>
