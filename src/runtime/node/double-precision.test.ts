import { describe, expect, it } from 'vitest'
import { ops, tensor } from '../../onnx/index.js'
import type { Device } from '../engine.js'
import { createEngine } from './create-engine.js'

describe.each(['cpu', 'wasm'] as const satisfies Device[])('in double precision, %s', (device) => {
	it('runs QuickGELU', async () => {
		const engine = await createEngine({ device, threads: 1 })
		const program = await engine.compile({ y: ops.quickGelu(ops.input('x', 'float64', ['N'])) })
		const x = [-3, -0.5, 0, 1e-3, 2]
		const { y } = await program.run({ x: tensor('float64', [x.length], Float64Array.from(x)) })
		await engine.close()
		x.forEach((value, at) => {
			expect(y!.data[at]).toBeCloseTo(value / (1 + Math.exp(-1.702 * value)), 14)
		})
	})

	it('keeps all digits of the factor of a matrix product', async () => {
		const engine = await createEngine({ device, threads: 1 })
		const a = ops.input('a', 'float64', [1, 2])
		const b = ops.input('b', 'float64', [2, 1])
		const program = await engine.compile({ y: ops.mul(ops.matmul(ops.mul(a, 1 / 3), b), Math.SQRT1_2) })
		const values = tensor('float64', [1, 2], Float64Array.of(0.3, 0.7))
		const { y } = await program.run({ a: values, b: { ...values, shape: [2, 1] } })
		await engine.close()
		expect(y!.data[0]).toBeCloseTo((0.58 * Math.SQRT1_2) / 3, 14)
	})
})
