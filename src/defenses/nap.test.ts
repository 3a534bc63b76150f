import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Checkpoint } from '../clip/checkpoint.js'
import { type ClipConfig, parseClipConfig } from '../clip/config.js'
import { expectedWeights } from '../clip/expected-weights.js'
import { type ClipModel, logScale } from '../clip/model.js'
import { parsePreprocessorConfig } from '../clip/preprocessor-config.js'
import { similarityLogits } from '../clip/similarity.js'
import { type ClipTokenizer, loadTokenizer } from '../clip/tokenizer.js'
import { trainableWeights } from '../clip/weights.js'
import { readSafetensorsTensors } from '../files/safetensors.js'
import { grad, ops } from '../onnx/index.js'
import { elementCount, type Tensor, tensor } from '../onnx/tensor.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { parameterInputs } from './defense.js'
import { prepareDefense } from './registry.js'

const fixture = (path: string) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url))
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
const variants = json(fixture('nap-golden/variants.json')) as Record<string, Record<string, unknown>>

/** The fixture's names of options, in ours. */
function configOf(variant: Record<string, unknown>): Record<string, unknown> {
	const { depth, ...rest } = variant
	return { ...rest, promptDepth: depth }
}

async function doubles(path: string): Promise<Map<string, Tensor<'float64'>>> {
	const tensors = new Map<string, Tensor<'float64'>>()
	for (const [name, { dtype, shape, data }] of await readSafetensorsTensors(path)) {
		const values =
			dtype === 'F64'
				? new Float64Array(data.buffer)
				: Float64Array.from(dtype === 'F32' ? new Float32Array(data.buffer) : new Int32Array(data.buffer))
		tensors.set(name, tensor('float64', shape, values))
	}
	return tensors
}

function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
	let difference = 0
	let size = 0
	for (let index = 0; index < expected.length; index++) {
		difference += (actual[index]! - expected[index]!) ** 2
		size += expected[index]! ** 2
	}
	return Math.sqrt(difference / Math.max(size, 1e-30))
}

/** A CLIP of a geometry whose weights are float64 graph inputs. */
function doubleClip(config: ClipConfig, tokenizer: ClipTokenizer): ClipModel {
	const { mean, std } = parsePreprocessorConfig({})
	const { lookup } = trainableWeights(expectedWeights(config), 'float64')
	// The prompts of the goldens are given as ids; the tokenizer's own ids only have to pass its checks.
	const text = { ...config.text, vocabularySize: tokenizer.vocabularySize, endTokenId: tokenizer.vocabularySize - 1 }
	return {
		config: { ...config, text },
		statistics: { mean, std },
		weights: lookup,
		tokenizer,
		checkpoint: {} as Checkpoint,
	}
}

describe('NAP against the PyTorch re-computation', () => {
	let engine: ModelEngine
	let tokenizer: ClipTokenizer
	let weights: Map<string, Tensor<'float64'>>
	let inputs: Map<string, Tensor<'float64'>>
	const config = parseClipConfig(json(fixture('tiny-clip/config.json')))
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		tokenizer = await loadTokenizer(fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url)))
		weights = await doubles(fixture('tiny-clip/model.safetensors'))
		inputs = await doubles(fixture('nap-golden/inputs.safetensors'))
	})
	afterAll(() => engine.close())

	it.each(Object.keys(variants))('%s', async (name) => {
		const golden = await doubles(fixture(`nap-golden/${name}.safetensors`))
		const clip = doubleClip(config, tokenizer)
		const defense = prepareDefense('nap', clip, ['cat', 'dog'], configOf(variants[name]!))
		const { lookup, used } = parameterInputs(defense, 'float64')
		const pixels = ops.input('pixels', 'float64', ['B', 3, 16, 16])
		const ids = ops.input('ids', 'int64', ['R', 10])
		const endPosition = ops.input('endPosition', 'float64', ['R', 10])
		const labels = ops.input('labels', 'int64', ['B'])
		const image = defense.imageFeatures(pixels, lookup).features
		const text = defense.textFeatures(ids, endPosition, lookup)
		const logits = similarityLogits(image, text, logScale(clip))
		const loss = ops.crossEntropy(logits, labels)
		const parameters = [...used]
		const [dPixels, ...gradients] = grad(loss, [pixels, ...parameters.map(([, value]) => value)])
		const program = await engine.compile({
			image,
			logits,
			loss,
			dPixels: dPixels!,
			...Object.fromEntries(parameters.map(([parameter], index) => [`d/${parameter}`, gradients[index]!])),
		})
		const given = new Map([...golden].filter(([key]) => key.startsWith('parameter.')))
		expect([...defense.parameters.keys()].map((key) => `parameter.${key}`).sort()).toEqual([...given.keys()].sort())
		const tokenIds = inputs.get('input_ids')!
		const needed = new Set(program.inputs)
		const results = await program.run({
			...Object.fromEntries([...weights].filter(([key]) => needed.has(key))),
			...Object.fromEntries(
				[...given]
					.map(([key, value]) => [key.slice('parameter.'.length), value] as const)
					.filter(([key]) => needed.has(key)),
			),
			pixels: inputs.get('pixels')!,
			labels: tensor('int64', [3], BigInt64Array.from(inputs.get('labels')!.data, BigInt)),
			ids: tensor('int64', tokenIds.shape, BigInt64Array.from(tokenIds.data, BigInt)),
			endPosition: tensor(
				'float64',
				tokenIds.shape,
				tokenIds.data.map((id) => (id === 98 ? 1 : 0)),
			),
		})
		const compare = (actual: string, expected: string) =>
			expect(relativeError(results[actual]!.data as Float64Array, golden.get(expected)!.data), expected)
		compare('image', 'image_features').toBeLessThan(1e-9)
		compare('logits', 'logits').toBeLessThan(1e-9)
		compare('loss', 'loss').toBeLessThan(1e-9)
		// ONNX stores the epsilon of LayerNormalization as float32, which shows in gradients at this size.
		compare('dPixels', 'pixel_gradient').toBeLessThan(1e-7)
		for (const [parameter] of parameters) compare(`d/${parameter}`, `gradient.${parameter}`).toBeLessThan(1e-7)
		await program.release()
	})
})

describe('NAP parameters', () => {
	const geometry = (vision: object) =>
		parseClipConfig({ model_type: 'clip', text_config: {}, vision_config: { patch_size: 16, ...vision } })
	const count = async (config: ClipConfig, options: Record<string, unknown>) => {
		const tokenizer = await loadTokenizer(fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url)))
		const { parameters } = prepareDefense('nap', doubleClip(config, tokenizer), ['cat', 'dog'], options)
		return [...parameters.values()].reduce((total, { shape }) => total + elementCount(shape), 0)
	}

	it('are 37,774,592 for ViT-B/16 at the defaults', async () => {
		expect(await count(geometry({}), {})).toBe(37_774_592)
	})

	it('are 42,354,944 with joint coupling', async () => {
		expect(await count(geometry({}), { coupling: 'joint' })).toBe(42_354_944)
	})

	it('refuse unknown options by name', async () => {
		await expect(count(geometry({}), { promptDept: 3 })).rejects.toThrow(/promptDept/)
	})
})
