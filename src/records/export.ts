/** Exported models: what lies in the folder, how it is used, and what was measured of its files. */

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
/** Where pictures become pixel values: in the program that runs the graph, or in the graph. */
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
	shape: z.array(z.union([count, z.string()])).describe('Sizes; names are free and the same where they are equal.'),
})

const parity = z.strictObject({
	images: positive,
	largestLogitDifference: z.number().nonnegative(),
	relativeL2: z.number().nonnegative().describe('Of all logits together: ‖difference‖ / ‖logits‖.'),
	labelAgreement: share.describe('Images that file and run give the same class.'),
})

const preparation = z
	.strictObject({
		images: positive,
		differingPixels: share.describe('Of the prepared images, as bytes.'),
		largestDifference: count.describe('In grey levels of 255.'),
		labelAgreement: share,
	})
	.describe("The graph's own preparation of pictures against naptune's, which is Pillow's.")

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
	.describe('On images as the pipelines of transformers.js prepare them in Node.js, which resize without antialiasing.')

/** `export.json`. */
export const exportForm = {
	title: 'the description of an export',
	doc: 'An exported model: its files and how they are used, the run it was made of, and what was measured of the files themselves (naptune export).',
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
			.describe('In the order of logits; of a zero-shot model those that it was tuned for.'),
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
				size: positive.describe('Height and width that the image tower reads.'),
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
				contexts: count.describe('Learned vectors that the graph puts behind the start token.'),
				maxTokens: positive.describe('Longest text, start and end token included.'),
				hypothesisTemplate: z.string().describe('What a class name is put into; {} stands for it.'),
			})
			.exactOptional(),
		calibration: z
			.strictObject({
				split: calibrationKind.schema.shape.key.shape.split,
				images: positive,
				scores: calibrationKind.schema.shape.scores,
			})
			.exactOptional()
			.describe('Correction scores of clean images, for the p-value of a score: the share of these that reach it.'),
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
					.describe('The same of the run in float32, for a file of another precision.'),
				how: z.string().describe('What was attacked and what was counted.'),
				versions: versionsSchema,
			})
			.describe('Of the exported files, on test images of the data that the run was tuned on.'),
		files: z.record(z.string(), z.strictObject({ bytes: count, sha256 })).describe('All files but this one.'),
	}),
} satisfies RecordForm<z.ZodType>

/** What an export says of itself. */
export type ExportRecord = RecordOf<typeof exportForm>
/** One graph of an export. */
export type ExportedGraph = ExportRecord['graphs'][number]
/** What was measured of an export. */
export type ExportMeasurement = ExportRecord['measured']
