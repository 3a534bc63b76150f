/** A pair of ONNX files on disk as a model. */

import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { float32, type Tensor } from '../core/tensor.js'
import { readJsonFile } from '../files/json-file.js'
import { readInto, withFile } from '../files/read-parts.js'
import { readSafetensorsHeader, readSafetensorsTensors } from '../files/safetensors.js'
import { sha256OfBytes, sha256OfFile } from '../files/sha256.js'
import { weightsBelow } from '../onnx/files/index.js'
import { ops } from '../onnx/graph.js'
import { embeddingLookup, leavesOf, type Value } from '../onnx/index.js'
import { refuseForeignWeights } from '../runtime/node/external-files.js'
import type { ClipConfig } from '../vlm/config.js'
import type { EncoderFile, Encoders } from '../vlm/encoder-files.js'
import { encoderPorts, encoderTowers, noText } from '../vlm/encoders.js'
import type { ClipModel } from '../vlm/model.js'
import { checkCrop, type PreprocessorConfig, parsePreprocessorConfig } from '../vlm/preprocessor-config.js'
import { type ClipTokenizer, createTokenizer } from '../vlm/tokenizer.js'
import { loadTokenizer } from './load-tokenizer.js'
import { parseModelSource } from './model-source.js'
import { packagedTokenizer, packagedTokens } from './vocabulary/packaged-tokenizer.js'

/** Tokens of a text where the file leaves their number open, as in CLIP. */
const usualContext = 77

/**
 * Loads a pair of encoders, or an image encoder with text features.
 * @param source As in `model-source.ts`. @param imageFile Its `image-encoder`, beside which a `preprocessor_config.json`
 * lies.
 * @throws NaptuneError when a file is missing, cannot be read as a graph that can be differentiated, or has other inputs and
 * outputs than an encoder; when no tokenizer is known; or the two halves do not fit together.
 */
export async function loadEncoders(source: string, imageFile: string): Promise<ClipModel> {
	const { place, settings } = parseModelSource(source)
	const { 'text-encoder': textFile, 'text-features': featuresFile, tokenizer: tokenizerFile } = settings
	const others = (['architecture', 'vision-weights', 'text-weights'] as const).some(
		(key) => settings[key] !== undefined,
	)
	if (place !== '' || others) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`The model ${source} is given twice; omit --model or --image-encoder.`,
		)
	}
	if ((textFile === undefined) === (featuresFile === undefined)) {
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			'--image-encoder needs a source of texts: add either --text-encoder or --text-features.',
		)
	}
	const image = await encoderFile(imageFile)
	const { port } = encoderPorts(image)
	const imageSize = squareOf(port.shape, image.name)
	const preprocessor = await preprocessorBeside(imageFile, imageSize)
	const text = textFile === undefined ? undefined : await textEncoder(textFile)
	const encoders: Encoders = {
		image,
		imagePort: port,
		...defined({ text: text?.encoder }),
		logitScale: scaleOf(settings['logit-scale']),
	}
	const config = configOf(imageSize, text)
	const partial = {
		config,
		statistics: { mean: preprocessor.mean, std: preprocessor.std },
		weights: noWeights,
		encoders,
	}
	const features = encoderTowers.image(
		ops.input('pixels', 'float32', ['B', 3, imageSize, imageSize]),
		partial,
		{},
	).features
	const width = Number(features.shape[1])
	if (features.shape[0] !== 'B') {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${image.name} gives features [${features.shape.join(', ')}] for images [B, 3, ${imageSize}, ${imageSize}]; expected one row per image. Export it with a dynamic batch axis.`,
		)
	}
	const files = [
		imageFile,
		...(textFile === undefined ? [] : [textFile]),
		...(featuresFile === undefined ? [] : [featuresFile]),
	]
	const weightFiles = externalFiles([features])
	refuseForeignWeights(imageFile, weightFiles)
	const digests = await Promise.all([...files, ...weightFiles].map(sha256OfFile))
	const classFeatures = featuresFile === undefined ? undefined : await givenFeatures(featuresFile, width)
	return {
		...partial,
		config: { ...config, projectionDimension: width },
		tokenizer: text ? await tokenizerOf(textFile ?? '', tokenizerFile, text.vocabulary) : wordless,
		readRows: (_, rows) => embeddingRows(text?.encoder.embedding?.matrix, rows),
		checkpoint: {
			source,
			sha256: sha256OfBytes(digests.join('\n')),
			config: { ...config, projectionDimension: width },
			weights: new Map(),
			preprocessor,
		},
		...defined({ classFeatures }),
	}
}

const noWeights = (name: string): never => {
	throw new NaptuneError('NAP_MODEL_INVALID', `A pair of ONNX encoders has no weight named ${name}.`)
}

/** Of a model whose text features are fixed. */
const wordless: ClipTokenizer = {
	vocabularySize: 0,
	paddingId: 0,
	encode: () => {
		throw noText()
	},
	encodeBatch: () => {
		throw noText()
	},
}

async function encoderFile(path: string): Promise<EncoderFile> {
	const bytes = await readFile(path).catch((cause: Error) => {
		throw new NaptuneError(
			'NAP_FILE_MISSING',
			`The encoder ${path} cannot be read (${cause.message}). Check the path.`,
			{
				cause,
			},
		)
	})
	return { name: path, bytes, weights: weightsBelow(dirname(path)) }
}

interface TextEncoder {
	readonly encoder: NonNullable<Encoders['text']>
	/** Tokens per text, where the file fixes them. */
	readonly length: number | undefined
	/** Rows and columns of the embedding, where it was found. */
	readonly vocabulary: number | undefined
	readonly width: number
}

async function textEncoder(path: string): Promise<TextEncoder> {
	const file = await encoderFile(path)
	const { port: ids, others } = encoderPorts(file)
	if (!['int64', 'int32'].includes(ids.type ?? '') || ids.shape?.length !== 2) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${path} reads ${ids.name} ${ids.type} [${ids.shape?.join(', ')}]; expected token ids, int64 or int32 [texts, tokens].`,
		)
	}
	const mask = others.find(({ name }) => name === 'attention_mask')
	const unknown = others.filter((port) => port !== mask)
	if (unknown.length > 0) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${path} reads ${unknown.map(({ name }) => name).join(', ')} besides ${ids.name}; only attention_mask is supported. Export the text tower alone.`,
		)
	}
	const embedding = embeddingLookup(file.bytes, ids.name, file.weights)
	const length = ids.shape[1]
	const [vocabulary, width] = embedding?.matrix.shape ?? []
	return {
		encoder: { ...file, ids, ...defined({ mask: mask?.name, embedding }) },
		length: typeof length === 'number' ? length : undefined,
		vocabulary: typeof vocabulary === 'number' ? vocabulary : undefined,
		width: typeof width === 'number' ? width : 0,
	}
}

function configOf(imageSize: number, text: TextEncoder | undefined): ClipConfig {
	const none = { layers: 0, heads: 1, mlpWidth: 0, activation: 'gelu', layerNormEpsilon: 1e-5 } as const
	const vocabularySize = text?.vocabulary ?? packagedTokens
	return {
		family: 'encoders',
		projectionDimension: 0,
		text: {
			...none,
			width: text?.width ?? 0,
			contextLength: text?.length ?? usualContext,
			...defined({ padTo: text?.length }),
			vocabularySize,
			endTokenId: vocabularySize - 1,
			bosTokenId: vocabularySize - 2,
			eosRule: 'argmax',
		},
		vision: { ...none, width: 0, imageSize, patchSize: imageSize, channels: 3 },
	}
}

function squareOf(shape: readonly (number | string)[] | undefined, name: string): number {
	const [, channels, height, width] = shape ?? []
	if (shape?.length === 4 && channels === 3 && typeof height === 'number' && height === width) return height
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`${name} reads images [${shape?.join(', ')}]; expected [images, 3, S, S] with a fixed side S. Export it with a fixed size, channels first.`,
	)
}

async function preprocessorBeside(imageFile: string, imageSize: number): Promise<PreprocessorConfig> {
	const path = join(dirname(imageFile), 'preprocessor_config.json')
	if (!(await stat(path).catch(() => undefined))) {
		throw new NaptuneError(
			'NAP_MODEL_INVALID',
			`${basename(imageFile)} does not describe its image preprocessing, and ${path} is missing. Put the model's preprocessor_config.json beside it; naptune reads its size, crop_size, resample, image_mean and image_std.`,
		)
	}
	const preprocessor = parsePreprocessorConfig(await readJsonFile(path), path)
	checkCrop(preprocessor, { imageSize }, path)
	return preprocessor
}

function scaleOf(text: string | undefined): number {
	const value = Number(text ?? 100)
	if (value > 0 && Number.isFinite(value)) return value
	throw new NaptuneError('NAP_OPTION_INVALID', `The logit scale is ${text}; expected a number above 0, such as 100.`)
}

async function tokenizerOf(
	textFile: string,
	given: string | undefined,
	vocabulary: number | undefined,
): Promise<ClipTokenizer> {
	const beside = join(dirname(textFile), 'tokenizer.json')
	const file = given ?? ((await stat(beside).catch(() => undefined)) ? beside : undefined)
	if (file !== undefined) return loadTokenizer(file, vocabulary)
	if (vocabulary === undefined || vocabulary === packagedTokens) {
		return createTokenizer(await packagedTokenizer(), { modelTokens: packagedTokens })
	}
	throw new NaptuneError(
		'NAP_MODEL_INVALID',
		`${textFile} reads ${vocabulary} tokens, so its tokenizer is not CLIP's, and ${beside} is missing. Put the model's tokenizer.json there, or name it with --tokenizer.`,
	)
}

async function givenFeatures(path: string, width: number): Promise<NonNullable<ClipModel['classFeatures']>> {
	const { metadata } = await readSafetensorsHeader(path)
	const [first] = (await readSafetensorsTensors(path)).values()
	const names: unknown = safeJson(metadata.classes)
	const wanted = `a float32 tensor [classes, ${width}] and the class names as a JSON list in the metadata "classes"`
	if (!Array.isArray(names) || !names.every((name) => typeof name === 'string') || first?.dtype !== 'F32') {
		throw new NaptuneError('NAP_FILE_INVALID', `${path} holds no text features; expected ${wanted}.`)
	}
	if (first.shape.length !== 2 || at(first.shape, 0) !== names.length || at(first.shape, 1) !== width) {
		throw new NaptuneError(
			'NAP_MODEL_INVALID',
			`${path} holds text features [${first.shape.join(', ')}] of ${names.length} classes, but images have ${width} numbers; expected ${wanted}.`,
		)
	}
	const values = new Float32Array(
		first.data.buffer.slice(first.data.byteOffset, first.data.byteOffset + first.data.byteLength),
	)
	if (!values.every(Number.isFinite)) {
		throw new NaptuneError('NAP_FILE_INVALID', `${path} holds text features that are not finite numbers.`)
	}
	const features: Tensor<'float32'> = float32(first.shape, values)
	return { classNames: names, features }
}

function safeJson(text: string | undefined): unknown {
	try {
		return JSON.parse(text ?? '')
	} catch {
		return undefined
	}
}

async function embeddingRows(matrix: Value | undefined, rows: readonly number[]): Promise<Float32Array> {
	const width = Number(matrix?.shape[1])
	const result = new Float32Array(rows.length * width)
	const source = matrix?.source
	if (source?.kind === 'constant' && source.tensor.data instanceof Float32Array) {
		for (const [place, row] of rows.entries())
			result.set(source.tensor.data.subarray(row * width, (row + 1) * width), place * width)
		return result
	}
	if (source?.kind === 'external' && matrix?.type === 'float32') {
		const { file, offset } = source.reference
		const bytes = new Uint8Array(result.buffer)
		await withFile(file, async (handle) => {
			for (const [place, row] of rows.entries()) {
				await readInto(handle, bytes.subarray(place * width * 4, (place + 1) * width * 4), offset + row * width * 4)
			}
		})
		return result
	}
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		'The token embeddings of the text encoder cannot be read. Use init normal.',
	)
}

function externalFiles(values: readonly Value[]): string[] {
	const files = new Set<string>()
	for (const { source } of leavesOf(values)) if (source.kind === 'external') files.add(source.reference.file)
	return [...files].sort()
}
