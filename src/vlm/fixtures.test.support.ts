/** Opening the CLIP fixtures, for tests that compare with their reference values. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadWeights } from '../checkpoints/checkpoint-weights.js'
import { readSafetensorsTensors, type TensorWithData } from '../files/safetensors.js'
import { float32, grad, int64, ops, type Tensor } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'
import { type ClipConfig, parseClipConfig } from './config.js'
import { expectedWeights } from './expected-weights.js'
import { imageTower, type PixelStatistics } from './image-tower.js'
import { parsePreprocessorConfig } from './preprocessor-config.js'
import { similarityLogits } from './similarity.js'
import { textTower } from './text-tower.js'
import { batchTokens, endPositionRows, type TokenBatch, type TokenBatchOptions } from './token-batch.js'
import type { WeightLookup, WeightReference } from './weights.js'

/** Folder of all fixtures. */
export const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))

/** Statistics of released CLIP models, where a fixture has no preprocessor_config.json. */
export const clipStatistics: PixelStatistics = {
	mean: [0.48145466, 0.4578275, 0.40821073],
	std: [0.26862954, 0.26130258, 0.27577711],
}

/** A CLIP fixture without its weights. */
export interface ClipFixture {
	readonly config: ClipConfig
	readonly statistics: PixelStatistics
	readonly shapes: ReadonlyMap<string, readonly number[]>
	/** Reference values by name, as plain numbers. */
	readonly golden: ReadonlyMap<string, Golden>
}

/** A reference tensor. */
export interface Golden {
	readonly shape: readonly number[]
	readonly data: Float32Array | Float64Array | Int32Array
}

/** Reads config, statistics and reference values of a fixture folder. */
export async function openFixture(name: string): Promise<ClipFixture> {
	const folder = join(fixtures, name)
	const config = parseClipConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')))
	const preprocessor = await readFile(join(folder, 'preprocessor_config.json'), 'utf8').catch(() => undefined)
	const stored = await readSafetensorsTensors(join(folder, 'golden.safetensors'))
	return {
		config,
		statistics: preprocessor ? parsePreprocessorConfig(JSON.parse(preprocessor)) : clipStatistics,
		shapes: expectedWeights(config),
		golden: new Map([...stored].map(([key, tensor]) => [key, { shape: tensor.shape, data: numbers(tensor) }])),
	}
}

/** The weights of a fixture by reference; those in half precision are converted into the cache folder. */
export async function fixtureWeights(
	name: string,
	cacheDirectory: string,
): Promise<ReadonlyMap<string, WeightReference>> {
	const { shapes } = await openFixture(name)
	return (await loadWeights(join(fixtures, name), shapes, cacheDirectory)).weights
}

/** The weights' values. */
export async function weightValues(
	weights: ReadonlyMap<string, WeightReference>,
): Promise<ReadonlyMap<string, Float32Array>> {
	const files = new Map<string, Promise<Buffer>>()
	const read = (file: string) => files.get(file) ?? files.set(file, readFile(file)).get(file)!
	const values = new Map<string, Float32Array>()
	for (const [name, { file, offset, length }] of weights) {
		values.set(name, new Float32Array((await read(file)).buffer.slice(offset, offset + length)))
	}
	return values
}

function numbers({ dtype, data }: TensorWithData): Golden['data'] {
	if (dtype === 'F64') return new Float64Array(data.buffer)
	return dtype === 'I32' ? new Int32Array(data.buffer) : new Float32Array(data.buffer)
}

/** The token ids of a fixture with the end positions that the config's rule (or another) finds. */
export function fixtureTokens(fixture: ClipFixture, options: Partial<TokenBatchOptions> = {}): TokenBatch {
	const { shape, data } = fixture.golden.get('input_ids')!
	const [count, length] = shape as [number, number]
	const rows = Array.from({ length: count }, (_, row) => [...data.subarray(row * length, (row + 1) * length)])
	const encode = (text: string) => rows[Number(text)]!
	const { padTokenId = 0 } = fixture.config.text
	return batchTokens([...rows.keys()].map(String), encode, padTokenId, {
		...fixture.config.text,
		cleanUp: false,
		...options,
	})
}

/**
 * Everything the fixtures have values of. Inputs: `pixels` [B, 3, S, S], `ids` and `endPosition` [C, T], `labels` [B].
 * @param length T.
 */
export function clipOutputs(
	{ config, statistics }: ClipFixture,
	weights: WeightLookup,
	{ length, type, allTokens = false }: { length: number; type: 'float32' | 'float64'; allTokens?: boolean },
): Record<string, Value> {
	const { imageSize } = config.vision
	const pixels = ops.input('pixels', type, ['B', 3, imageSize, imageSize])
	const ids = ops.input('ids', 'int64', ['C', length])
	const endPosition = ops.input('endPosition', type, ['C', length])
	const labels = ops.input('labels', 'int64', ['B'])
	const image = imageTower(pixels, config.vision, statistics, weights, { allTokens }).features
	const text = textTower(ids, endPosition, config.text, weights).features
	const unitText = ops.normalizeL2(text)
	const logits = similarityLogits(image, unitText, ops.reshape(weights('logit_scale'), []))
	const loss = ops.crossEntropy(logits, labels)
	const [gradient] = grad(loss, [pixels])
	return {
		image_features: image,
		image_features_normalized: ops.normalizeL2(image),
		text_features: text,
		text_features_normalized: unitText,
		logits,
		loss,
		pixel_gradient: gradient!,
	}
}

/** The inputs of {@link clipOutputs}. */
export function clipFeeds(
	pixels: Float32Array,
	labels: ArrayLike<number>,
	tokens: TokenBatch,
	{ config }: ClipFixture,
	type: 'float32' | 'float64' = 'float32',
): Record<string, Tensor> {
	const typed = (tensor: Tensor<'float32'>): Tensor =>
		type === 'float32' ? tensor : { type, shape: tensor.shape, data: Float64Array.from(tensor.data) }
	const { imageSize } = config.vision
	const text = [tokens.count, tokens.length]
	return {
		pixels: typed(float32([labels.length, 3, imageSize, imageSize], pixels)),
		ids: int64(text, tokens.ids),
		endPosition: typed(float32(text, endPositionRows(tokens))),
		labels: int64([labels.length], Array.from(labels)),
	}
}

/** The largest ||a - b|| / ||b|| (L2) over the rows along the first axis. */
export function worstRow(
	a: Tensor,
	b: { readonly shape: readonly number[]; readonly data: ArrayLike<number | bigint> },
): number {
	const rows = b.shape[0]!
	const size = b.data.length / rows
	if (a.data.length !== b.data.length) return Number.POSITIVE_INFINITY
	let worst = 0
	for (let row = 0; row < rows; row++) {
		let difference = 0
		let norm = 0
		for (let at = row * size; at < (row + 1) * size; at++) {
			difference += (Number(a.data[at]) - Number(b.data[at])) ** 2
			norm += Number(b.data[at]) ** 2
		}
		const distance = Math.sqrt(difference / norm)
		// Not Math.max alone: a NaN must not pass.
		worst = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(worst, distance)
	}
	return worst
}
