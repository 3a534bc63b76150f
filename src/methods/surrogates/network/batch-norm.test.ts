import { expect, it } from 'vitest'
import { float32, grad, ops, type Tensor } from '../../../onnx/index.js'
import { generator } from '../../../random/counter-based.js'
import { createEngine } from '../../../runtime/index.js'
import { batchNormalize, updateRunningAverages } from './batch-norm.js'

const shape = [3, 2, 2, 2] as const
const stream = generator(1, 'batch-norm')
const draw = (length: number) => Float32Array.from({ length }, () => stream.normal())
const values = draw(24)
const [scale, shift, slope] = [draw(2), draw(2), draw(24)]

/** By the definition, in float64. */
function reference(x: ArrayLike<number>) {
	const own = [0, 1].map((channel) => Array.from(x).filter((_, at) => Math.floor(at / 4) % 2 === channel))
	const mean = own.map((list) => list.reduce((a, b) => a + b) / 12)
	const variance = own.map((list, channel) => list.reduce((sum, v) => sum + (v - mean[channel]!) ** 2, 0) / 12)
	const value = Array.from(x, (v, at) => {
		const channel = Math.floor(at / 4) % 2
		return ((v - mean[channel]!) / Math.sqrt(variance[channel]! + 1e-5)) * scale![channel]! + shift![channel]!
	})
	return { mean, variance, value }
}

it('normalises each channel by its batch, and is differentiated through the statistics', async () => {
	const engine = await createEngine({ threads: 1 })
	const x = ops.input('x', 'float32', [...shape])
	const [a, b] = ['a', 'b'].map((name) => ops.input(name, 'float32', [2]))
	const { value, mean, variance, count } = batchNormalize(x, a!, b!)
	expect(count).toBe(12)
	const [gradient] = grad(value, [x], { seed: ops.input('slope', 'float32', [...shape]) })
	const program = await engine.compile({ value, mean, variance, gradient: gradient! })
	const results = (await program.run({
		x: float32(shape, values),
		a: float32([2], scale!),
		b: float32([2], shift!),
		slope: float32(shape, slope!),
	})) as Record<string, Tensor<'float32'>>
	await engine.close()
	const expected = reference(values)
	for (const name of ['value', 'mean', 'variance'] as const) {
		results[name]!.data.forEach((number, at) => {
			expect(number).toBeCloseTo(expected[name][at]!, 5)
		})
	}
	for (let at = 0; at < 24; at++) {
		const moved = (by: number) => {
			const { value } = reference(Array.from(values, (v, index) => (index === at ? v + by : v)))
			return value.reduce((sum, v, index) => sum + v * slope![index]!, 0)
		}
		expect(results.gradient!.data[at]).toBeCloseTo((moved(1e-4) - moved(-1e-4)) / 2e-4, 4)
	}
})

it('moves running averages a tenth of the way, to the unbiased variance', () => {
	const running = { 'layer.mean': float32([1], [1]), 'layer.variance': float32([1], [2]) }
	updateRunningAverages(running, 'layer', { mean: float32([1], [3]), variance: float32([1], [3]), count: 4 })
	expect(running['layer.mean'].data[0]).toBeCloseTo(1.2, 6)
	expect(running['layer.variance'].data[0]).toBeCloseTo(2.2, 6)
})
