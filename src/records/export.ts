/** Exported models: the files of the folder, how to use them, and how they measured. */

import { z } from 'zod'
import { calibrationKind } from './calibration.js'
import { informative } from './informative.js'
import { accuracySchema } from './parts/accuracy.js'
import { attackSchema } from './parts/attack.js'
import { imagesSchema } from './parts/dataset.js'
import { count, positive, sha256, share } from './parts/fields.js'
import { defenseSchema, modelSchema, versionsSchema } from './parts/model.js'
import { threatModelSchema } from './parts/threat-model.js'
import type { RecordForm, RecordOf } from './record-form.js'

/** What an export can do. */
export const exportTasks = ['classifier', 'zero-shot'] as const
/** Folders that programs load. */
export const exportLayouts = ['onnx', 'transformers.js', 'transformers', 'hub'] as const
/** Element types of weights and arithmetic; inputs and outputs are float32 either way. */
export const exportPrecisions = ['fp32', 'fp16'] as const
/** Where preprocessing happens: in the program that runs the graph, or in the graph. */
export const preprocessPlaces = ['outside', 'inside'] as const

/** Execution providers of onnxruntime that were tried. */
export const exportProviders = ['cpu', 'wasm', 'webgpu'] as const

/** What an export can do, one of {@link exportTasks}. */
export type ExportTask = (typeof exportTasks)[number]
/** One of {@link exportLayouts}. */
export type ExportLayout = (typeof exportLayouts)[number]
/** One of {@link exportPrecisions}. */
export type ExportPrecision = (typeof exportPrecisions)[number]
/** One of {@link preprocessPlaces}. */
export type PreprocessPlace = (typeof preprocessPlaces)[number]

const port = z.strictObject({
	name: z.string(),
	type: z.enum(['float32', 'int64', 'uint8']),
	shape: z
		.array(z.union([count, z.string()]))
		.describe('Sizes; a name stands for a free size, and equal names mean equal sizes.'),
})

const parity = z.strictObject({
	images: positive,
	largestLogitDifference: z.number().nonnegative(),
	relativeL2: z.number().nonnegative().describe('Relative difference over all logits: ‖difference‖ / ‖logits‖.'),
	labelAgreement: share.describe('Share of images for which file and run predict the same class.'),
})

const preparation = z
	.strictObject({
		images: positive,
		differingPixels: share.describe('Share of differing pixels in the preprocessed images, as bytes.'),
		largestDifference: count.describe('Largest difference, in grey levels of 255.'),
		labelAgreement: share,
	})
	.describe("The graph's own preprocessing compared with naptune's, which follows Pillow.")

const pipelines = z
	.strictObject({
		images: positive,
		resized: count.describe('Images whose size the preparation changes; only these are prepared in another way.'),
		enlarged: count
			.exactOptional()
			.describe('Images that had the size of the model already, and were enlarged first: five times as wide, 4 : 3.'),
		pillow: z
			.strictObject({ clean: accuracySchema, robust: accuracySchema })
			.exactOptional()
			.describe('The same of these enlarged images as naptune prepares them.'),
		differingPixels: share.describe('Of the prepared images, as bytes.'),
		largestDifference: count.describe('In grey levels of 255.'),
		labelAgreement: share.describe('Images that the file gives the same class in both preparations.'),
		clean: accuracySchema,
		robust: accuracySchema,
	})
	.describe(
		'Measured on images preprocessed by the pipelines of transformers.js in Node.js, which resize without antialiasing.',
	)

/** `export.json`. */
export const exportForm = {
	title: 'the description of an export',
	doc: 'An exported model: its files, how to use them, the run behind them, and measurements of the files themselves (naptune export).',
	advice: 'Export again.',
	schema: z.strictObject({
		format: z.literal(1),
		kind: z.literal('export'),
		task: z.enum(exportTasks),
		layout: z.enum(exportLayouts),
		dtype: z.enum(exportPrecisions),
		preprocess: z.enum(preprocessPlaces),
		classNames: z
			.array(z.string())
			.describe('Class names in the order of the logits; for a zero-shot model its tuning classes.'),
		graphs: z
			.array(
				z.strictObject({
					role: z.enum(['classifier', 'zero-shot', 'vision', 'text']),
					file: z.string(),
					opset: positive,
					inputs: z.array(port),
					outputs: z.array(port),
				}),
			)
			.describe('None in layout transformers, whose weights are `model.safetensors`.'),
		providers: z
			.array(z.enum(exportProviders))
			.exactOptional()
			.describe(
				'Where graphs of this kind were run by the tests of the project and gave the logits of the CPU within 1e-4 (float16: 1e-3), relative L2.',
			),
		image: z
			.strictObject({
				size: positive.describe('Height and width of the image tower.'),
				mean: z.array(z.number()),
				std: z.array(z.number()),
			})
			.describe('pixel_values are (pixel - mean) / std of pixels in [0, 1], red first, [B, 3, size, size].'),
		probabilities: z
			.literal('sigmoid')
			.exactOptional()
			.describe('How logits become probabilities: of each class by itself; by a softmax where this is left out.'),
		text: z
			.strictObject({
				contexts: count.describe('Learned vectors that the graph inserts after the start token.'),
				maxTokens: positive.describe('Maximum length of a text, including start and end tokens.'),
				hypothesisTemplate: z.string().describe('Template of a prompt; {} stands for the class name.'),
			})
			.exactOptional(),
		calibration: z
			.strictObject({
				split: calibrationKind.schema.shape.key.shape.split,
				images: positive,
				scores: calibrationKind.schema.shape.scores,
			})
			.exactOptional()
			.describe('Correction scores of clean images. The p-value of a score is the share of these that reach it.'),
		run: z.strictObject({
			source: informative(z.string().describe('Name of the run directory.')),
			model: modelSchema,
			defense: defenseSchema,
			trainedEpsilon: z.number(),
			preset: z.string().nullable(),
		}),
		measured: z
			.strictObject({
				dataset: imagesSchema,
				parity,
				preparation: preparation.exactOptional(),
				pipelines: pipelines.exactOptional(),
				attack: attackSchema,
				threatModel: threatModelSchema,
				seed: count,
				clean: accuracySchema,
				robust: accuracySchema,
				reference: z
					.strictObject({ clean: accuracySchema, robust: accuracySchema, maxDrop: share })
					.exactOptional()
					.describe('The same for the run in float32, if the files have another precision.'),
				how: z.string().describe('What was attacked, and how outcomes were counted.'),
				versions: versionsSchema,
			})
			.describe("Measurements of the exported files on test images of the run's tuning data."),
		files: z.record(z.string(), z.strictObject({ bytes: count, sha256 })).describe('All files except this one.'),
	}),
} satisfies RecordForm<z.ZodType>

/** The description of an export. */
export type ExportRecord = RecordOf<typeof exportForm>
/** One graph of an export. */
export type ExportedGraph = ExportRecord['graphs'][number]
/** Measurements of an export. */
export type ExportMeasurement = ExportRecord['measured']
