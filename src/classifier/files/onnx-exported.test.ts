import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { takeRows } from '../../core/rows.js'
import { readSafetensorsTensors } from '../../files/safetensors.js'
import { float32, int64 } from '../../onnx/index.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { crossEntropyObjective } from '../objectives/objective.js'
import type { Normalisation } from '../onnx-file/onnx-input.js'
import { type OnnxClassifier, openOnnxClassifier } from './open-onnx-classifier.js'

const folder = fileURLToPath(new URL('../../../fixtures/onnx-classifiers/', import.meta.url))
const symmetric: Normalisation = { mean: [0.5], std: [0.5] }

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** Pixels, labels and PyTorch's values of a model. */
async function golden(name: string) {
	const stored = await readSafetensorsTensors(`${folder}${name}.safetensors`)
	const numbers = (key: string, kind: 'float32' | 'float64' | 'int32') => {
		const { data } = stored.get(key)!
		const buffer = Uint8Array.from(data).buffer
		const views = { float32: Float32Array, float64: Float64Array, int32: Int32Array }
		return Array.from(new views[kind](buffer))
	}
	return {
		pixels: float32(stored.get('pixels')!.shape, numbers('pixels', 'float32')),
		labels: int64([2], numbers('labels', 'int32')),
		logits: numbers('logits', 'float64'),
		loss: numbers('loss', 'float64'),
		gradient: numbers('gradient', 'float32'),
	}
}

/** The largest difference relative to the largest value. */
function error(given: ArrayLike<number>, expected: readonly number[]): number {
	expect(given.length).toBe(expected.length)
	const largest = Math.max(...expected.map(Math.abs))
	return Math.max(...expected.map((value, at) => Math.abs(value - given[at]!))) / largest
}

describe('classifiers of torchvision and transformers that PyTorch exported, with nothing prepared in them', () => {
	const models: readonly (readonly [string, Normalisation, Partial<{ oneImage: boolean; from: string }>])[] = [
		['resnet-torchscript-opset11', 'imagenet', {}],
		['resnext-dynamo-opset18', 'imagenet', {}],
		['mobilenet-v2-torchscript-opset13', 'imagenet', {}],
		['mobilenet-v3-dynamo-opset20', 'imagenet', {}],
		['densenet-torchscript-opset12', 'imagenet', {}],
		['shufflenet-torchscript-opset17', 'imagenet', {}],
		['shufflenet-dynamo-opset18', 'imagenet', { oneImage: true }],
		['convnext-dynamo-opset18', 'imagenet', {}],
		['efficientnet-torchscript-opset16', 'imagenet', { oneImage: true }],
		['swin-torchscript-opset17', 'imagenet', { oneImage: true }],
		['swin-dynamo-opset18', 'imagenet', {}],
		['vision-transformer-dynamo-opset18', 'imagenet', {}],
		['vit-torchscript-opset14', symmetric, {}],
		['vit-dynamo-opset20', symmetric, {}],
		['clip-vision-torchscript-opset14', 'clip', {}],
		['clip-vision-dynamo-opset21', 'clip', {}],
		['mixture-torchscript-opset15', 'none', { from: 'before softmax' }],
		['mixture-dynamo-opset18', 'none', { from: 'before softmax' }],
	]
	it.each(models)('%s gives the logits and pixel gradients of PyTorch', async (name, normalisation, expected) => {
		const classifier = await openOnnxClassifier(engine, `${folder}${name}.onnx`, { input: { normalisation } })
		const { pixels, labels, logits, loss, gradient } = await golden(name)
		const found = await classifier.gradient(pixels, crossEntropyObjective, { labels })
		expect(error(found.taps.logits!.data, logits)).toBeLessThan(1e-5)
		expect(error(found.loss.data, loss)).toBeLessThan(1e-5)
		expect(error(found.gradient.data, gradient)).toBeLessThan(5e-5)
		expect(classifier.input).toMatchObject({ shape: [3, 32, 32], oneImage: expected.oneImage ?? false })
		expect(classifier.output.from).toBe(expected.from ?? 'output')
		expect(classifier.classNames).toEqual(['0', '1', '2', '3', '4'])
		await sameBytesAlone(classifier, pixels, labels, found.gradient.data)
		await classifier.release()
	})
})

/** An image's gradient has the same bytes whatever else is in the batch. */
async function sameBytesAlone(
	classifier: OnnxClassifier,
	pixels: Awaited<ReturnType<typeof golden>>['pixels'],
	labels: Awaited<ReturnType<typeof golden>>['labels'],
	together: Float32Array,
) {
	const rows = [1, 0, 1, 1, 0]
	const shuffled = await classifier.gradient(takeRows(pixels, rows), crossEntropyObjective, {
		labels: int64(
			[5],
			rows.map((row) => Number(labels.data[row])),
		),
	})
	const size = together.length / 2
	rows.forEach((row, at) => {
		const own = shuffled.gradient.data.subarray(at * size, (at + 1) * size)
		expect(
			Buffer.from(own.slice().buffer).equals(Buffer.from(together.slice(row * size, (row + 1) * size).buffer)),
		).toBe(true)
	})
}
