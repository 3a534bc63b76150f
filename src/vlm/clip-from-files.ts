/** A CLIP from the contents of its files, wherever they come from. */

import { at, entry } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { sha256Hex } from '../core/sha256.js'
import { hasNonFinite, isFloatDtype, toFloat32 } from '../files/float-formats.js'
import { safetensorsHeader, type TensorEntry } from '../files/safetensors-bytes.js'
import { dtypeSize } from '../files/safetensors-dtype.js'
import { checkWeights, nonFiniteError } from './expected-weights.js'
import { type ClipModel, clipOf } from './model.js'
import { parseModelConfig, parseModelPreprocessing } from './model-config.js'
import { checkCrop } from './preprocessor-config.js'
import { createTokenizer } from './tokenizer.js'
import { towersOf } from './towers.js'
import { canonicalWeights, layoutOf } from './weight-names.js'
import type { WeightReference } from './weights.js'

/** Contents of a checkpoint's files, in the layout of openai/clip-vit-base-patch16; a CLIP or a SigLIP. */
export interface ClipFiles {
	/** `config.json`, parsed. */
	readonly config: unknown
	/** `preprocessor_config.json`, parsed. */
	readonly preprocessor: unknown
	/** `tokenizer.json`, parsed. */
	readonly tokenizer: object
	/** `tokenizer_config.json`, parsed, where there is one. */
	readonly tokenizerSettings?: object
	/**
	 * `model.safetensors`. Float32 is referred to in place, so the array must stay as it is as long as the model is used;
	 * other types are converted once.
	 */
	readonly weights: Uint8Array
	/** Name of the checkpoint in errors and records. Default `handed in`. */
	readonly source?: string
	/** SHA-256 of the weights in hexadecimal digits, if known; otherwise it is computed. */
	readonly sha256?: string
}

/**
 * Makes a model from files in memory. Its graphs carry their weights, so that any engine can compile them, including one in
 * a browser.
 * @throws NaptuneError when a file is damaged or hostile, config, weights and preprocessing disagree, or weights are not
 * finite.
 */
export async function clipFromFiles(files: ClipFiles): Promise<ClipModel> {
	const { source = 'handed in', weights: file } = files
	const config = parseModelConfig(files.config)
	const preprocessor = parseModelPreprocessing(files.preprocessor, config)
	checkCrop(preprocessor, config.vision, 'preprocessor_config.json')
	const tokenizer = await createTokenizer(files.tokenizer, {
		modelTokens: config.text.vocabularySize,
		...defined({ settings: files.tokenizerSettings, padding: config.family === 'siglip' ? '<pad>' : undefined }),
	})
	const weights = weightsOf(file, towersOf(config).expectedWeights(config))
	const sha256 = files.sha256 ?? sha256Hex(file)
	return clipOf({ source, sha256, config, weights, preprocessor }, tokenizer, async ({ content }, offset, length) => {
		if (!content) throw new TypeError('a weight that was handed in has its content')
		return content.slice(offset, offset + length)
	})
}

const fileName = 'model.safetensors'

function weightsOf(
	file: Uint8Array,
	expected: ReadonlyMap<string, readonly number[]>,
): ReadonlyMap<string, WeightReference> {
	const tensors = namedTensors(safetensorsHeader(file, fileName).tensors)
	checkWeights(tensors, expected, `The weights in ${fileName} and the config.json`)
	const wanted = [...expected.keys()].map((name) => [name, entry(tensors, name)] as const)
	// The engine reads float32 at multiples of 4.
	const usable = wanted.every(([, { dtype, offset }]) => dtype === 'F32' && (file.byteOffset + offset) % 4 === 0)
	const weights = usable ? inPlace(file, wanted) : converted(file, wanted)
	const nonFinite = [...weights].flatMap(([name, { content, offset, length }]) =>
		content && hasNonFinite(content, offset, offset + length) ? [name] : [],
	)
	if (nonFinite.length > 0) throw nonFiniteError(nonFinite, fileName)
	return weights
}

/** Fused projections as slices, as SigLIP's pooling has one. */
function namedTensors(tensors: ReadonlyMap<string, TensorEntry>): ReadonlyMap<string, TensorEntry> {
	if (layoutOf(tensors) !== 'transformers') {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${fileName} has the names of open_clip or openai/CLIP; files in memory must have the layout of transformers. Save the model with transformers, or load its folder in Node.js.`,
		)
	}
	const own = canonicalWeights(tensors, ({ dtype }) => dtypeSize(dtype))
	return new Map(
		[...own].map(([name, it]) => [
			name,
			{ ...it, length: it.shape.reduce((product, n) => product * n, dtypeSize(it.dtype)) },
		]),
	)
}

type Wanted = readonly (readonly [string, TensorEntry])[]

function inPlace(file: Uint8Array, wanted: Wanted): ReadonlyMap<string, WeightReference> {
	return new Map(
		wanted.map(([name, { shape, offset, length }]) => [name, { file: fileName, content: file, offset, length, shape }]),
	)
}

/** All in one array, one after the other. */
function converted(file: Uint8Array, wanted: Wanted): ReadonlyMap<string, WeightReference> {
	const lengths = wanted.map(([, { shape }]) => shape.reduce((product, n) => product * n, 4))
	const content = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
	let end = 0
	return new Map(
		wanted.map(([name, { dtype, shape, offset, length }], index) => {
			if (!isFloatDtype(dtype)) throw new TypeError(`${name} is of type ${dtype}`)
			const values = toFloat32(dtype, file.subarray(offset, offset + length))
			const start = end
			content.set(new Uint8Array(values.buffer), start)
			end += at(lengths, index)
			return [name, { file: `${fileName}, as float32`, content, offset: start, length: values.byteLength, shape }]
		}),
	)
}
