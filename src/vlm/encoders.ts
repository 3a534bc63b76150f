/**
 * A pair of ONNX files as a model: one gives image features, the other text features, and their inside is opaque. Methods
 * cannot act on tokens inside, except on the embeddings at the start of the text file.
 */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { float32 } from '../core/tensor.js'
import { ops } from '../onnx/graph.js'
import { type DeclaredPort, describeModel, readModel } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'
import type { EncoderFile, Encoders } from './encoder-files.js'
import { normalisedPixels } from './image-tower.js'
import { similarityLogits } from './similarity.js'
import type { Towers } from './tower.js'

/** Of a model that is a pair of files; see {@link Encoders}. */
export const encoderTowers: Towers = {
	title: 'ONNX encoders',
	// No tokens can be reached; a layout of no blocks has none.
	imageTokens: () => 0,
	classToken: false,
	blocks: false,
	startTokens: 1,
	tokenEmbedding: 'token embedding',
	probabilities: 'softmax',
	expectedWeights: () => new Map(),
	image(pixels, { config, statistics, encoders }, options) {
		const { image, imagePort } = needed(encoders)
		if (options.beforePreNorm) throw tokensNeeded()
		const normalised = normalisedPixels(pixels, config.vision, statistics)
		const { outputs } = read(image, { [imagePort.name]: normalised })
		const features = featuresOf(outputs, image.name)
		return { features, layerInputs: [], tokens: ops.unsqueeze(features, [1]) }
	},
	text(ids, endPosition, { encoders }, options) {
		const { text } = needed(encoders)
		if (!text) throw noText()
		const own = text.ids.type === 'int32' ? ops.cast(ids, 'int32') : ids
		const inputs: Record<string, Value> = { [text.ids.name]: own }
		if (text.mask !== undefined) inputs[text.mask] = upTo(endPosition)
		if (options.beforePositions) {
			if (!text.embedding) {
				throw new NaptuneError(
					'NAP_INPUT_UNSUITABLE',
					`${text.name} has no lookup of token embeddings (a Gather of a matrix by ${text.ids.name}) where a learned context could go. Use a method that learns no text context.`,
				)
			}
			inputs[text.embedding.output] = options.beforePositions(ops.gather(text.embedding.matrix, ids, 0))
		}
		return { features: featuresOf(read(text, inputs).outputs, text.name), layerInputs: [] }
	},
	logits(image, text, { encoders }) {
		const scale = ops.cast(ops.literal(float32([], [Math.log(needed(encoders).logitScale)])), image.type)
		return similarityLogits(image, text, scale)
	},
}

function needed(encoders: Encoders | undefined): Encoders {
	if (encoders) return encoders
	throw new NaptuneError('NAP_INTERNAL', 'A model of ONNX encoders came without its encoders.')
}

/** @throws NaptuneError naming the file. */
function read(file: EncoderFile, inputs: Readonly<Record<string, Value>>) {
	try {
		return readModel(file.bytes, { ...(file.weights ? { weights: file.weights } : {}), inputs })
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		throw new NaptuneError(error.code, `${file.name}: ${error.message}`, { cause: error })
	}
}

/** Usual names of features, best first. */
const featureNames = ['image_embeds', 'text_embeds', 'image_features', 'text_features', 'embeddings', 'pooler_output']

/** The output that holds features: by its name, or the only one of two axes. */
function featuresOf(outputs: Readonly<Record<string, Value>>, file: string): Value {
	const flat = Object.entries(outputs).filter(([, { type, shape }]) => type === 'float32' && shape.length === 2)
	const known = featureNames.find((name) => flat.some(([own]) => own === name))
	const found = flat.find(([own]) => own === known) ?? (flat.length === 1 ? at(flat, 0) : undefined)
	if (found) return found[1]
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`${file} has the outputs ${Object.entries(outputs)
			.map(([name, { type, shape }]) => `${name} ${type} [${shape.join(', ')}]`)
			.join(', ')}; expected one row of float32 features per input, named ${featureNames.join(' or ')}.`,
	)
}

/** 1 up to the marked position of each row, then 0. */
function upTo(endPosition: Value): Value {
	const length = Number(endPosition.shape[1])
	const lower = Float32Array.from({ length: length * length }, (_, index) =>
		Math.floor(index / length) >= index % length ? 1 : 0,
	)
	const mask = ops.matmul(endPosition, ops.cast(ops.literal(float32([length, length], lower)), endPosition.type))
	return ops.cast(mask, 'int64')
}

/** The error of methods that need tokens. */
export function tokensNeeded(): NaptuneError {
	return new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		'The method acts on tokens inside the towers, which a pair of ONNX encoders does not expose. Use a method without that need: vanilla, or coop, advpt and advpt-e2e with a text encoder; at test time ttc, or r-tpt with a text encoder.',
	)
}

/** The error of models without a text encoder. */
export function noText(): NaptuneError {
	return new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		'The model has no text encoder, so its text features are fixed. Give --text-encoder to use other texts.',
	)
}

/** What the image file reads and the text file reads, by their declarations. @throws NaptuneError naming the file. */
export function encoderPorts(file: EncoderFile): {
	readonly port: DeclaredPort
	readonly others: readonly DeclaredPort[]
} {
	const { inputs } = describeModel(file.bytes)
	const port =
		inputs.find(({ name }) => /^(pixel_values|pixels|images?|input_ids|ids|text|input)$/.test(name)) ?? inputs[0]
	if (!port) throw new NaptuneError('NAP_ONNX_INVALID', `${file.name} reads nothing: it has no input.`)
	return { port, others: inputs.filter((input) => input !== port) }
}
