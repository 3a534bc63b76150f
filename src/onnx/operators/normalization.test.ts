import { afterAll, beforeAll, expect, it } from 'vitest'
import { createEngine, type Engine } from '../../runtime/index.js'
import { grad, ops, type Tensor, tensor, type Value } from '../index.js'
import { uniform } from './gradient-check.test.support.js'

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

const shape = [16, 192] as const

/**
 * Rows as the residual stream of a CLIP has them: a mean that is not zero, and a few channels a hundred times larger
 * than the others.
 */
function residualStream(random: () => number): Float64Array {
	return Float64Array.from({ length: shape[0] * shape[1] }, (_, at) => {
		const channel = at % shape[1]
		return (random() * 2 - 1 + 0.5) * (channel % 64 === 7 ? 100 : 1)
	})
}

function relativeDistance(a: Tensor, b: Tensor): number {
	const reference = Array.from(b.data as Float64Array)
	const error = reference.map((value, at) => value - (a.data as Float64Array)[at]!)
	return Math.hypot(...error) / Math.hypot(...reference)
}

/** First and second derivatives of a layer normalization, by name. */
function derivatives(type: 'float32' | 'float64'): Record<string, Value> {
	const x = ops.input('x', type, ['B', shape[1]])
	const scale = ops.input('scale', type, [shape[1]])
	const bias = ops.input('bias', type, [shape[1]])
	const dy = ops.input('dy', type, ['B', shape[1]])
	const [dx, dScale, dBias] = grad(ops.layerNorm(x, scale, bias), [x, scale, bias], { seed: dy })
	const [second, secondScale] = grad(ops.reduceSum(ops.mul(dx!, ops.mul(dx!, dy))), [x, scale])
	return { dx: dx!, dScale: dScale!, dBias: dBias!, second: second!, secondScale: secondScale! }
}

it('gives the gradient of the float64 path from the float32 statistics that it reuses', async () => {
	const random = uniform(5)
	const draw = (count: number) => Float64Array.from({ length: count }, () => random() * 2 - 1)
	const values: Record<string, readonly [readonly number[], Float64Array]> = {
		x: [shape, residualStream(random)],
		scale: [[shape[1]], draw(shape[1])],
		bias: [[shape[1]], draw(shape[1])],
		dy: [shape, draw(shape[0] * shape[1])],
	}
	// Both paths read the same numbers: those that float32 can hold.
	const single = Object.entries(values).map(
		([name, [sizes, data]]) => [name, tensor('float32', sizes, Float32Array.from(data))] as const,
	)
	const wide = single.map(
		([name, value]) => [name, tensor('float64', value.shape, Float64Array.from(value.data))] as const,
	)
	const run = async (type: 'float32' | 'float64', feeds: readonly (readonly [string, Tensor])[]) => {
		const program = await engine.compile(derivatives(type))
		return program.run(Object.fromEntries(feeds.filter(([name]) => program.inputs.includes(name))))
	}
	const shipped = await run('float32', single)
	const reference = await run('float64', wide)
	for (const name of ['dx', 'dScale', 'dBias']) {
		expect(relativeDistance(shipped[name]!, reference[name]!), name).toBeLessThan(1e-5)
	}
	// The second order goes through the gradients of the operator's own Mean and InvStdDev.
	for (const name of ['second', 'secondScale']) {
		expect(relativeDistance(shipped[name]!, reference[name]!), name).toBeLessThan(1e-5)
	}
})

it('refuses what it does not support', () => {
	const x = ops.input('x', 'float32', ['B', 4, 8])
	const scale = ops.input('scale', 'float32', [4])
	expect(() => ops.layerNorm(x, scale, scale)).toThrow(
		'LayerNormalization of [B, 4, 8] needs scale and bias of shape [8], got [4]',
	)
	const wide = ops.input('wide', 'float64', [8])
	expect(() => ops.layerNorm(x, wide, wide)).toThrow('one element type')
})
