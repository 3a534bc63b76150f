/** Distortion per layer: how far perturbations move the tokens of models, before and after the refiner of every block. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { evaluationSettingsShape } from './evaluation.js'
import { accuracySchema, estimateSchema } from './parts/accuracy.js'
import { count, positive, seconds } from './parts/fields.js'
import { defenseSchema } from './parts/model.js'
import { type RecordOf, recordKind, type SettingsOf } from './record-form.js'

const { defense: _, testTime: __, target: ___, ...evaluated } = evaluationSettingsShape

const distance = z.strictObject({
	absolute: estimateSchema.describe('Root mean square over tokens of the Euclidean distance.'),
	relative: estimateSchema.describe('Frobenius distance over the Frobenius norm of the clean tokens.'),
	cosine: estimateSchema.describe('Mean over tokens of 1 - cosine of the angle between clean and perturbed token.'),
	norm: estimateSchema.describe("Root mean square over tokens of the clean token's Euclidean norm."),
	spread: z.number().describe('How much clean tokens differ between images.'),
	overSpread: estimateSchema
		.nullable()
		.describe(
			'`absolute` divided by `spread`, which the interval takes as exact; null if all images have the same tokens.',
		),
})

/**
 * Mean distances over images, and what to compare them with: a relative distance may be small merely because a large part of
 * the tokens is the same for all images and says nothing about any of them.
 */
export type DistanceEstimate = Immutable<z.output<typeof distance>>

const place = z.strictObject({
	tokens: distance.describe('Of class token (where the tower has one) and patches together; prompts are left out.'),
	classToken: distance
		.exactOptional()
		.describe('Of the class token alone; missing for towers without one, as in SigLIP.'),
})

/** Distances at one place. */
export type PlaceDistortion = Immutable<z.output<typeof place>>

const layer = z.strictObject({
	layer: count.describe(
		'The block that the tokens enter, counted from 0; the number of blocks for the output of the last one.',
	),
	refined: z.boolean(),
	before: place.describe('Equation 9: the tokens h(x + delta) against h(x) as the previous block returned them.'),
	after: place.describe('Equation 10: the same for the refined tokens R(h); equal to `before` without a refiner.'),
	change: z
		.strictObject({ tokens: estimateSchema, classToken: estimateSchema.exactOptional() })
		.describe('Relative distance after minus before, image by image: below 0 where the refiner lessens distortion.'),
})

/** Distances before and after the refiner of one block. */
export type LayerDistortion = Immutable<z.output<typeof layer>>

const summary = {
	clean: accuracySchema.describe('Share of images that the model gets right when clean.'),
	perturbed: accuracySchema.describe('Share that it gets right when perturbed, whatever its clean answer.'),
	layers: z.array(layer).min(1).describe('The input of each block, then the output of the last block.'),
	features: distance.describe('Distance of the image features, not normalised, as one token.'),
}

const summarySchema = z.strictObject(summary)

/** Summary of one model under one perturbation. */
export type DistortionSummary = Immutable<z.output<typeof summarySchema>>

const measurement = z.strictObject({
	tower: z.string().describe('Name of the model that sees the images.'),
	perturbation: z.string().describe('Name of the attacked model, or `noise`.'),
	pixels: estimateSchema.describe('Euclidean norm of the change of all pixels of an image, in pixel units of [0, 1].'),
	...summary,
})

/** One model under one perturbation. Estimates are means over images with normal 95 % intervals. */
export type Distortion = Immutable<z.output<typeof measurement>>

/** Measurements of distortion. */
export const distortionKind = recordKind({
	title: 'a measurement of distortion',
	doc: 'How far perturbations move the tokens of every layer, before and after its refiner (naptune distortion).',
	advice: 'Restore it, or measure again with naptune distortion.',
	settings: {
		kind: z.literal('distortion'),
		...evaluated,
		models: z.array(defenseSchema).min(1).describe('The models in input order, control first.'),
	},
	found: {
		measurements: z.array(measurement).min(1).describe('All pairs of a model and a perturbation.'),
		seconds,
		threads: positive,
		batchSize: positive,
	},
})

/** The settings that determine a measurement. */
export type DistortionSettings = SettingsOf<typeof distortionKind>

/** A finished measurement. The attack on each model has full knowledge of it. */
export type DistortionRecord = RecordOf<typeof distortionKind>
