/** Defenses on the tiny CLIP of the fixtures in float64, compared with PyTorch's values. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { loadTokenizer } from '../checkpoints/load-tokenizer.js'
import { type Tensor, tensor } from '../core/tensor.js'
import { relativeError } from '../files/golden.test.support.js'
import { readSafetensorsTensors } from '../files/safetensors.js'
import { grad, ops } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { type ClipConfig, parseClipConfig } from '../vlm/config.js'
import { expectedWeights } from '../vlm/expected-weights.js'
import type { Checkpoint } from '../vlm/model.js'
import { type ClipModel, logScale } from '../vlm/model.js'
import { parsePreprocessorConfig } from '../vlm/preprocessor-config.js'
import { similarityLogits } from '../vlm/similarity.js'
import type { ClipTokenizer } from '../vlm/tokenizer.js'
import { trainableWeights } from '../vlm/weights.js'
import { type Defense, parameterInputs } from './defense.js'

type Doubles = Map<string, Tensor<'float64'>>

/** Path of a fixture. */
export function fixture(path: string): string {
	return fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url))
}

/** A fixture of named settings. */
export function settings(path: string): Record<string, Record<string, unknown>> {
	return JSON.parse(readFileSync(fixture(path), 'utf8')) as Record<string, Record<string, unknown>>
}

/** All tensors of a file in float64. */
export async function doubles(path: string): Promise<Doubles> {
	const tensors: Doubles = new Map()
	for (const [name, { dtype, shape, data }] of await readSafetensorsTensors(path)) {
		const values =
			dtype === 'F64'
				? new Float64Array(data.buffer)
				: Float64Array.from(dtype === 'F32' ? new Float32Array(data.buffer) : new Int32Array(data.buffer))
		tensors.set(name, tensor('float64', shape, values))
	}
	return tensors
}

/** The tokenizer of nano, which fits any geometry where token ids are given. */
export function anyTokenizer(): Promise<ClipTokenizer> {
	return loadTokenizer(fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url)))
}

/** A CLIP of a geometry whose weights are float64 graph inputs. */
export function doubleClip(config: ClipConfig, tokenizer: ClipTokenizer): ClipModel {
	const { mean, std } = parsePreprocessorConfig({})
	const { lookup } = trainableWeights(expectedWeights(config), 'float64')
	// The prompts of the goldens are given as ids; the tokenizer's own ids only have to pass its checks.
	const text = { ...config.text, vocabularySize: tokenizer.vocabularySize, endTokenId: tokenizer.vocabularySize - 1 }
	return {
		config: { ...config, text },
		statistics: { mean, std },
		weights: lookup,
		readRows: () => Promise.reject(new Error('There is no checkpoint.')),
		tokenizer,
		checkpoint: {} as Checkpoint,
	}
}

/** What all comparisons share. */
export interface GoldenBench {
	readonly engine: ModelEngine
	readonly clip: ClipModel
	readonly weights: Doubles
	/** Pixels, labels and token ids. */
	readonly inputs: Doubles
}

/** Opens the tiny CLIP and its inputs. Close the engine when done. */
export async function openGoldenBench(): Promise<GoldenBench> {
	const config = parseClipConfig(settings('tiny-clip/config.json'))
	return {
		engine: await createEngine({ threads: 1 }),
		clip: doubleClip(config, await anyTokenizer()),
		weights: await doubles(fixture('tiny-clip/model.safetensors')),
		inputs: await doubles(fixture('nap-golden/inputs.safetensors')),
	}
}

/**
 * Features, logits, loss, its gradients to pixels and all parameters, and spreads of ensembles, against a fixture.
 * @param path A file with the parameters and PyTorch's values.
 */
export async function expectGolden(bench: GoldenBench, defense: Defense, path: string): Promise<void> {
	const golden = await doubles(path)
	const { lookup, used } = parameterInputs(defense, 'float64')
	const pixels = ops.input('pixels', 'float64', ['B', 3, 16, 16])
	const ids = ops.input('ids', 'int64', ['R', 10])
	const endPosition = ops.input('endPosition', 'float64', ['R', 10])
	const labels = ops.input('labels', 'int64', ['B'])
	const { features: image, tokenChanges } = defense.imageFeatures(pixels, lookup)
	const text = defense.textFeatures(ids, endPosition, lookup)
	const logits = similarityLogits(image, defense.textFeaturesOfImages?.(image, lookup) ?? text, logScale(bench.clip))
	const loss = ops.crossEntropy(logits, labels)
	const parameters = [...used]
	const [dPixels, ...gradients] = grad(loss, [pixels, ...parameters.map(([, value]) => value)])
	const spreads = tokenChanges.flatMap(({ layer, spread }): [string, Value][] =>
		spread ? [[`spread.${layer}`, spread]] : [],
	)
	const program = await bench.engine.compile({
		image,
		text,
		logits,
		loss,
		dPixels: dPixels!,
		...Object.fromEntries(spreads),
		...Object.fromEntries(parameters.map(([name], index) => [`d/${name}`, gradients[index]!])),
	})
	const given = [...golden].filter(([key]) => key.startsWith('parameter.'))
	expect([...defense.parameters.keys()].map((key) => `parameter.${key}`).sort()).toEqual(
		given.map(([key]) => key).sort(),
	)
	const tokenIds = bench.inputs.get('input_ids')!
	const needed = new Set(program.inputs)
	const feeds: Record<string, Tensor> = {
		...Object.fromEntries(bench.weights),
		...Object.fromEntries(given.map(([key, value]) => [key.slice('parameter.'.length), value])),
		pixels: bench.inputs.get('pixels')!,
		labels: tensor('int64', [3], BigInt64Array.from(bench.inputs.get('labels')!.data, BigInt)),
		ids: tensor('int64', tokenIds.shape, BigInt64Array.from(tokenIds.data, BigInt)),
		endPosition: tensor(
			'float64',
			tokenIds.shape,
			tokenIds.data.map((id) => (id === 98 ? 1 : 0)),
		),
	}
	const results = await program.run(Object.fromEntries(Object.entries(feeds).filter(([key]) => needed.has(key))))
	const compare = (actual: string, expected: ArrayLike<number>) =>
		expect(relativeError(results[actual]!.data as Float64Array, expected), actual)
	compare('image', golden.get('image_features')!.data).toBeLessThan(1e-9)
	const texts = golden.get('text_features')
	if (texts) compare('text', unitRows(texts)).toBeLessThan(1e-9)
	compare('logits', golden.get('logits')!.data).toBeLessThan(1e-9)
	compare('loss', golden.get('loss')!.data).toBeLessThan(1e-9)
	expect(spreads.map(([key]) => key)).toEqual([...golden.keys()].filter((key) => key.startsWith('spread.')).sort())
	for (const [key] of spreads) compare(key, golden.get(key)!.data).toBeLessThan(1e-9)
	// ONNX stores the epsilon of LayerNormalization as float32, which shows in gradients at this size.
	compare('dPixels', golden.get('pixel_gradient')!.data).toBeLessThan(1e-7)
	expect(parameters.map(([name]) => name).sort()).toEqual([...defense.parameters.keys()].sort())
	for (const [name] of parameters) {
		const expected = golden.get(`gradient.${name}`)!.data
		const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
		// A gradient that is zero but for rounding, as to the bias of keys, which softmax does not see, has no relative error.
		if (largest > 1e-13) compare(`d/${name}`, expected).toBeLessThan(1e-7)
		else
			for (const value of results[`d/${name}`]!.data as Float64Array) expect(Math.abs(value), name).toBeLessThan(1e-13)
	}
	await program.release()
}

function unitRows({ data, shape }: Tensor<'float64'>): Float64Array {
	const width = shape[1]!
	return data.map((value, at) => {
		const row = data.subarray(at - (at % width), at - (at % width) + width)
		return value / Math.hypot(...row)
	})
}
