import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TensorProto_DataLocation } from 'onnx-buf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { range, takeRows } from '../../core/rows.js'
import { int64 } from '../../core/tensor.js'
import { int, int64s, type ModelInit, model, type NodeInit, type TensorInit } from '../../onnx/models.test.support.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { noise, randomBatch } from '../graphs.test.support.js'
import { crossEntropyObjective } from '../objectives/objective.js'
import { metadataClasses } from '../onnx-file/onnx-classes.js'
import type { OnnxClassifierOptions } from '../onnx-file/onnx-classifier.js'
import { openOnnxClassifier } from './open-onnx-classifier.js'

let engine: Engine
let folder: string
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	folder = await mkdtemp(join(tmpdir(), 'naptune-onnx-'))
})
afterAll(async () => {
	await engine.close()
	await rm(folder, { recursive: true })
})

let files = 0
async function open(init: ModelInit, options: OnnxClassifierOptions = {}) {
	const path = join(folder, `${files++}.onnx`)
	await writeFile(path, model(init))
	return openOnnxClassifier(engine, path, options)
}

const input = (...shape: readonly (number | string)[]) => ({ x: { elemType: 1, shape } })
const weight: TensorInit = {
	name: 'w',
	dataType: 1,
	dims: [60n, 3n],
	floatData: Array.from(noise([180], 'weight').data),
}
const flatten: NodeInit = { opType: 'Flatten', input: ['x'], output: ['f'] }
const linear: NodeInit = { opType: 'MatMul', input: ['f', 'w'], output: ['logits'] }
const plain: ModelInit = {
	inputs: input('N', 3, 4, 5),
	nodes: [flatten, linear],
	initializers: [weight],
	outputs: ['logits'],
}
const none = { normalisation: 'none' } as const
const { images } = randomBatch([0, 1, 2])

async function logits(init: ModelInit, options: OnnxClassifierOptions) {
	const classifier = await open(init, options)
	const found = await classifier.evaluate(images, ['logits'])
	await classifier.release()
	return Array.from(found.logits!.data)
}

/** The linear model by hand, of each image after a change of its pixels. */
function byHand(change: (value: number, channel: number) => number, at = (index: number) => index): number[] {
	const w = weight.floatData as number[]
	return [0, 1, 2].flatMap((row) =>
		[0, 1, 2].map((label) => {
			let total = 0
			for (let index = 0; index < 60; index++) {
				const from = at(index)
				total += Math.fround(change(images.data[row * 60 + from]!, Math.floor(from / 20))) * w[index * 3 + label]!
			}
			return total
		}),
	)
}

function close(given: readonly number[], expected: readonly number[]) {
	expect(given).toHaveLength(expected.length)
	expected.forEach((value, at) => {
		expect(given[at]).toBeCloseTo(value, 3)
	})
}

describe('how pixels are given to a model', () => {
	it('in a range, normalised, and with blue first', async () => {
		close(
			await logits(plain, { input: none }),
			byHand((value) => value),
		)
		close(
			await logits(plain, { input: { range: '-1..1' } }),
			byHand((value) => 2 * value - 1),
		)
		const caffe = { range: '0..255', channelOrder: 'bgr', normalisation: { mean: [104, 117, 124], std: [2] } } as const
		const turned = (index: number) => (2 - Math.floor(index / 20)) * 20 + (index % 20)
		close(
			await logits(plain, { input: caffe }),
			byHand((value, channel) => (255 * value - [124, 117, 104][channel]!) / 2, turned),
		)
		const means = [0.485, 0.456, 0.406]
		const deviations = [0.229, 0.224, 0.225]
		const usual = (value: number, channel: number) => (value - means[channel]!) / deviations[channel]!
		close(await logits(plain, { input: { normalisation: 'imagenet' } }), byHand(usual))
		close(await logits(plain, { input: { normalisation: 'imagenet', channelOrder: 'bgr' } }), byHand(usual, turned))
		close(await logits(plain, {}), byHand(usual))
	})

	it('with channels last, which a shape tells', async () => {
		const last = { ...plain, inputs: input('N', 4, 5, 3) }
		const moved = (index: number) => (index % 3) * 20 + Math.floor(index / 3)
		close(
			await logits(last, { input: none }),
			byHand((value) => value, moved),
		)
		const guessed = await open(last)
		expect(guessed.input).toMatchObject({
			layout: 'nhwc',
			range: '-1..1',
			guessed: ['range', 'normalisation', 'channel order'],
		})
		expect(guessed.notices[0]).toContain('--layout nhwc --range=-1..1')
	})

	it('as they are where the model starts by computing with them', async () => {
		const own: ModelInit = {
			...plain,
			nodes: [{ opType: 'Mul', input: ['x', 'c'], output: ['z'] }, { ...flatten, input: ['z'] }, linear],
			initializers: [weight, { name: 'c', dataType: 1, dims: [], floatData: [2] }],
		}
		const { input: found } = await open(own)
		expect(found).toMatchObject({ range: '0..1', mean: [0, 0, 0], std: [1, 1, 1] })
	})

	it('at a size that is declared where the model leaves it open', async () => {
		const open_: ModelInit = { ...plain, inputs: input('N', 3, 'H', 'W') }
		await expect(open(open_)).rejects.toThrow('leaves the image size open')
		expect((await open(open_, { input: { size: [4, 5] } })).inputShape).toEqual([3, 4, 5])
	})
})

describe('models of one image', () => {
	it('are run image by image, also where only the graph says so', async () => {
		const together = await logits(plain, { input: none })
		const fixed = await open({ ...plain, inputs: input(1, 3, 4, 5) }, { input: none })
		expect(fixed.input.oneImage).toBe(true)
		close(Array.from((await fixed.evaluate(images, ['logits'])).logits!.data), together)
		const traced = await open(
			{
				...plain,
				nodes: [{ opType: 'Reshape', input: ['x', 's'], output: ['f'] }, linear],
				initializers: [weight, int64s('s', [2], [1, 60])],
			},
			{ input: none },
		)
		expect(traced.notices.join()).toContain('takes one image at a time')
		close(Array.from((await traced.evaluate(images, ['logits'])).logits!.data), together)
	})
})

describe('outputs', () => {
	const softmax: NodeInit = { opType: 'Softmax', input: ['logits'], output: ['p'], attribute: [int('axis', 1)] }
	it('of probabilities are attacked before the softmax, however it is written', async () => {
		const soft = { ...plain, nodes: [flatten, linear, softmax], outputs: ['p'] }
		const together = await logits(plain, { input: none })
		close(await logits(soft, { input: none }), together)
		const written: ModelInit = {
			...plain,
			nodes: [
				flatten,
				linear,
				{ opType: 'Exp', input: ['logits'], output: ['e'] },
				{ opType: 'ReduceSum', input: ['e', 'a'], output: ['s'] },
				{ opType: 'Div', input: ['e', 's'], output: ['p'] },
			],
			initializers: [weight, int64s('a', [1], [1])],
			outputs: ['p'],
		}
		close(await logits(written, { input: none }), together)
		const kept = await logits(soft, { input: none, outputKind: 'logits' })
		expect(kept[0]! + kept[1]! + kept[2]!).toBeCloseTo(1, 5)
		const sure = await open({
			...plain,
			nodes: [flatten, linear, { opType: 'Sigmoid', input: ['logits'], output: ['p'] }],
			outputs: ['p'],
		})
		expect(sure.output.from).toBe('before sigmoid')
	})

	it('that are declared to be probabilities become logarithms, with a gradient', async () => {
		const squared: ModelInit = {
			...plain,
			nodes: [flatten, linear, { opType: 'Mul', input: ['logits', 'logits'], output: ['p'] }],
			outputs: ['p'],
		}
		const classifier = await open(squared, { input: none, outputKind: 'probabilities' })
		expect(classifier.notices.join()).toContain('naptune attacks their logarithms')
		const { gradient } = await classifier.gradient(images, crossEntropyObjective, { labels: int64([3], [0, 1, 2]) })
		expect(gradient.data.some((value) => value !== 0)).toBe(true)
		expect(gradient.data.every(Number.isFinite)).toBe(true)
		// The last numbers of a tensor are rounded as all others.
		const many = randomBatch(range(0, 33).map(() => 0)).images
		const whole = (await classifier.evaluate(many, ['logits'])).logits!
		for (let first = 0; first < 32; first++) {
			const pair = (await classifier.evaluate(takeRows(many, [first, first + 1]), ['logits'])).logits!
			expect(pair.data, `images ${first} and ${first + 1}`).toEqual(whole.data.slice(first * 3, first * 3 + 6))
		}
		expect(whole.shape).toEqual([33, 3])
	})

	it('must be the only one that fits, or named', async () => {
		const two: ModelInit = {
			...plain,
			nodes: [flatten, { ...linear, output: ['a'] }, { opType: 'Neg', input: ['a'], output: ['b'] }],
			outputs: ['a', 'b', 'f'],
		}
		await expect(open(two)).rejects.toThrow('3 outputs that could be logits')
		expect((await open(two, { output: 'b' })).output.name).toBe('b')
		await expect(open(two, { output: 'c' })).rejects.toThrow('has no output c')
	})
})

describe('refusals name the file and what to do', () => {
	const cases: readonly (readonly [string, ModelInit, string])[] = [
		[
			'quantised models',
			{
				...plain,
				nodes: [{ opType: 'DynamicQuantizeLinear', input: ['x'], output: ['q', 's', 'z'] }, flatten, linear],
			},
			'unsupported features: DynamicQuantizeLinear (1). It is quantised',
		],
		[
			'half precision',
			{ ...plain, inputs: { x: { elemType: 10, shape: ['N', 3, 4, 5] } } },
			'half precision is not supported',
		],
		[
			'half-precision weights',
			{ ...plain, initializers: [{ ...weight, dataType: 10, floatData: [], rawData: new Uint8Array(360) }] },
			'float16 initializer (1). It is in half precision',
		],
		[
			'optimised models',
			{ ...plain, nodes: [flatten, { ...linear, domain: 'com.microsoft', opType: 'FusedMatMul' }] },
			'from before that step',
		],
		['batches of several', { ...plain, inputs: input(4, 3, 4, 5) }, 'takes exactly 4 images at once'],
		['other channels', { ...plain, inputs: input('N', 7, 4, 5) }, 'has 7 channels in the layout nchw'],
		[
			'further inputs',
			{ ...plain, inputs: { ...input('N', 3, 4, 5), t: { elemType: 7, shape: [1] } } },
			'the model needs t (int64 [1])',
		],
		['no images', { ...plain, inputs: input('N', 60) }, 'has 0 inputs of rank 4'],
		[
			'missing weights',
			{
				...plain,
				initializers: [
					{
						...weight,
						floatData: [],
						dataLocation: TensorProto_DataLocation.EXTERNAL,
						externalData: [{ key: 'location', value: 'none.bin' }],
					},
				],
			},
			'put it beside the model',
		],
	]
	it.each(cases)('%s', async (_, init, message) => {
		const opened = open(init)
		await expect(opened).rejects.toThrow(NaptuneError)
		await expect(opened).rejects.toThrow(message)
		await expect(opened).rejects.toThrow(/\.onnx: /)
	})

	it('class names of another number', async () => {
		await expect(open(plain, { classNames: ['a', 'b'] })).rejects.toThrow('distinguishes 3 classes, but 2 names')
		expect((await open(plain, { classNames: ['a', 'b', 'c'] })).classNames).toEqual(['a', 'b', 'c'])
	})
})

it('reads weights from another file, and names it', async () => {
	await writeFile(join(folder, 'weights.bin'), Buffer.from(Float32Array.from(weight.floatData as number[]).buffer))
	const outside: TensorInit = {
		...weight,
		floatData: [],
		dataLocation: TensorProto_DataLocation.EXTERNAL,
		externalData: [{ key: 'location', value: 'weights.bin' }],
	}
	const classifier = await open({ ...plain, initializers: [outside] }, { input: none })
	close(
		Array.from((await classifier.evaluate(images, ['logits'])).logits!.data),
		byHand((value) => value),
	)
	expect(Object.keys(classifier.model.weights)).toEqual(['weights.bin'])
})

it('finds class names in metadata', () => {
	expect(metadataClasses({ names: "{0: 'tench', 1: \"it's\", 2: 'a \\'b\\''}" }, 3)).toEqual(['tench', "it's", "a 'b'"])
	expect(metadataClasses({ id2label: '{"0": "x", "1": "y"}' }, 2)).toEqual(['x', 'y'])
	expect(metadataClasses({ classes: '["x", "y"]' }, 2)).toEqual(['x', 'y'])
	expect(metadataClasses({ classes: JSON.stringify(['caf\u00e9', 'a "b", \'c\'']) }, 2)).toEqual([
		'caf\u00e9',
		'a "b", \'c\'',
	])
	expect(metadataClasses({ id2label: '{"0": "caf\\u00e9", "1": "y"}' }, 2)).toEqual(['caf\u00e9', 'y'])
	expect(metadataClasses({ id2label: '{"0": "x", "4294967290": "y"}' }, 2)).toBeUndefined()
	expect(metadataClasses({ names: "{0: 'x', 4294967290: 'y'}" }, 2)).toBeUndefined()
	expect(metadataClasses({ names: "{0: 'x', 1: 'y', 2: 'z'}" }, 2)).toBeUndefined()
	expect(metadataClasses({ labels: 'x, y' }, 2)).toEqual(['x', 'y'])
	expect(metadataClasses({ names: "{0: 'x', 2: 'y'}" }, 2)).toBeUndefined()
	expect(metadataClasses({ names: "{0: 'x', 1: 'x'}" }, 2)).toBeUndefined()
})

it('refuses slopes of a mask that would depend on the image', async () => {
	const scattered: ModelInit = {
		...plain,
		nodes: [
			flatten,
			{ opType: 'ScatterND', input: ['k', 'i', 'x'], output: ['z'] },
			{ ...flatten, input: ['z'] },
			linear,
		].slice(1),
		initializers: [
			weight,
			{ name: 'k', dataType: 1, dims: [1n, 3n, 4n, 5n], floatData: Array(60).fill(0) },
			int64s('i', [1, 1], [0]),
		],
		inputs: input(1, 3, 4, 5),
	}
	const classifier = await open(scattered, { input: none })
	await expect(classifier.gradient(images, crossEntropyObjective, { labels: int64([3], [0, 1, 2]) })).rejects.toThrow(
		'gradient only to its data, not to its updates',
	)
})
