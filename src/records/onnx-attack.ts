/** Attacks on ONNX models of any origin. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { findingsShape } from './evaluation.js'
import { informative } from './informative.js'
import { attackSchema, knowledgeSchema } from './parts/attack.js'
import { dataOriginSchema } from './parts/data-origin.js'
import { count, positive, sha256 } from './parts/fields.js'
import { versionsSchema } from './parts/model.js'
import { threatModelSchema } from './parts/threat-model.js'
import { type RecordOf, recordKind, type SettingsOf } from './record-form.js'

/** How pictures are brought to a model's input size. */
export const resizings = {
	crop: 'shorter edge to the size, centre crop',
	margin: 'shorter edge to size / 0.875, centre crop, as ImageNet is usually evaluated',
	stretch: 'to the size whatever the proportions',
} as const

/** How pictures are brought to a model's input size, one of {@link resizings}. */
export type Resizing = keyof typeof resizings

/** How an ONNX model takes images, and which parts of that were guessed. */
export const modelInputSchema = z.strictObject({
	name: z.string(),
	layout: z.enum(['nchw', 'nhwc']),
	range: z.enum(['0..1', '0..255', '-1..1']).describe('Range of pixels before normalisation.'),
	mean: z
		.array(z.number())
		.describe("Mean per channel, in the unit of the range and the order of the model's channels."),
	std: z.array(z.number()),
	channelOrder: z.enum(['rgb', 'bgr']),
	shape: z.tuple([positive, positive, positive]).describe('[channels, height, width].'),
	oneImage: z.boolean().describe('Whether the model takes one image at a time.'),
	guessed: z.array(z.string()).describe('Names of settings that were neither declared nor found in the file.'),
})

/** A complete declaration of the input of an ONNX model. */
export type ModelInput = Immutable<z.output<typeof modelInputSchema>>

/** The logits of an ONNX model. */
export const modelOutputSchema = z.strictObject({
	name: z.string(),
	from: z
		.enum(['output', 'before softmax', 'before sigmoid', 'log of probabilities'])
		.describe('Where the logits come from.'),
})

/** Where the logits come from: the output, before a softmax or sigmoid at its end, or the logarithm of probabilities. */
export type LogitsFrom = z.output<typeof modelOutputSchema>['from']

/** Where class names come from. */
const classNamesFrom = z.enum(['given', 'metadata', 'positions'])

/** Where class names come from. */
export type ClassNamesFrom = z.output<typeof classNamesFrom>

/** Records of attacks on ONNX models. */
export const onnxAttackKind = recordKind({
	title: 'the record of an attack on an ONNX model',
	doc: 'Clean and robust accuracy of an ONNX model under an attack, with the outcome of every image (naptune attack).',
	advice: 'Restore it, or attack again.',
	settings: {
		format: z.literal(1),
		kind: z.literal('onnx-attack'),
		model: z.strictObject({
			source: informative(z.string().describe('Path of the model file.')),
			sha256,
			weights: z.record(z.string(), sha256).describe('SHA-256 of weight files, by name.'),
			opset: z.int(),
			producer: z.string(),
		}),
		input: modelInputSchema,
		output: modelOutputSchema,
		resizing: z.enum(Object.keys(resizings) as Resizing[]),
		classNames: z.array(z.string()),
		classNamesFrom,
		classFolders: z
			.record(z.string(), count)
			.describe("Position of each of the data's class folders among the classes."),
		knowledge: knowledgeSchema,
		attack: attackSchema,
		threatModel: threatModelSchema,
		seed: count,
		dataset: z.strictObject({
			name: z.string(),
			origin: dataOriginSchema,
			images: count,
			ids: sha256.describe('SHA-256 of the image ids in order.'),
		}),
		versions: versionsSchema,
	},
	found: {
		...findingsShape,
		threads: positive,
		batchSize: positive,
		notices: z.array(z.string()).describe('Notices shown to the user.'),
	},
})

/** The settings that determine the outcomes; JSON. */
export type OnnxAttackSettings = SettingsOf<typeof onnxAttackKind>

/** A record. */
export type OnnxAttackRecord = RecordOf<typeof onnxAttackKind>
