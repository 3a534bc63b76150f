import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { readSafetensorsTensors } from '../files/safetensors.js'
import { generator } from '../random/counter-based.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { readModelFile } from './files/index.js'
import { float32, grad, int64, nodesInOrder, ops, readModel } from './index.js'

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

describe('models that PyTorch exported', () => {
	const exported = [
		['gelu-torchscript-opset14', 'tiny-clip-gelu'],
		['quickgelu-dynamo-opset20', 'tiny-clip-legacy-eos'],
	] as const
	it.each(exported)('%s gives the logits and the pixel gradient of the checkpoint', async (name, checkpoint) => {
		const fixture = (path: string) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url))
		const { inputs, outputs } = await readModelFile(fixture(`onnx-models/${name}.onnx`))
		const golden = await readSafetensorsTensors(fixture(`${checkpoint}/golden.safetensors`))
		const stored = (key: string) => golden.get(key)!
		const labels = ops.input('labels', 'int64', [outputs.logits!.shape[0]!])
		const loss = ops.crossEntropy(outputs.logits!, labels)
		const [gradient] = grad(loss, [inputs[0]!])
		const program = await engine.compile({
			logits: outputs.logits!,
			image_features: outputs.features!,
			loss,
			pixel_gradient: gradient!,
		})
		const results = await program.run({
			pixels: float32(stored('pixels').shape, new Float32Array(stored('pixels').data.buffer)),
			labels: int64([3], Array.from(new Int32Array(stored('labels').data.buffer))),
		})
		for (const [key, result] of Object.entries(results)) {
			const reference = new Float64Array(stored(key).data.buffer)
			const error = Math.hypot(...reference.map((value, at) => value - (result.data as Float32Array)[at]!))
			expect(result.shape, key).toEqual(stored(key).shape)
			expect(error / Math.hypot(...reference), key).toBeLessThan(key === 'pixel_gradient' ? 1e-4 : 1e-5)
		}
	})
})

it.each(['mixture-torchscript-opset15', 'densenet-torchscript-opset12'])(
	'damaged copies of %s: an error of ours, or a model',
	async (name) => {
		const path = fileURLToPath(new URL(`../../fixtures/onnx-classifiers/${name}.onnx`, import.meta.url))
		const whole = await readFile(path)
		const stream = generator(1, 'damage', name)
		const found = { models: 0, errors: 0 }
		for (let trial = 0; trial < 400; trial++) {
			const damaged = Uint8Array.from(whole)
			for (let flip = 0; flip <= stream.below(6); flip++)
				damaged[stream.below(damaged.length)]! ^= 1 + stream.below(255)
			try {
				nodesInOrder(Object.values(readModel(damaged).outputs))
				found.models++
			} catch (error) {
				expect(error).toBeInstanceOf(NaptuneError)
				found.errors++
			}
		}
		expect(Math.min(found.models, found.errors)).toBeGreaterThan(0)
	},
)
