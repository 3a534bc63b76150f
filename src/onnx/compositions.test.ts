import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tensor } from '../core/tensor.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { grad, ops } from './index.js'

describe('klDivergence', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	async function run(p: readonly number[], q: readonly number[], width: number) {
		const [left, right] = [ops.input('p', 'float64', ['B', width]), ops.input('q', 'float64', ['B', width])]
		const value = ops.klDivergence(left, right)
		const [toP, toQ] = grad(value, [left, right])
		const program = await engine.compile({ value, toP: toP!, toQ: toQ! })
		const feed = (values: readonly number[]) =>
			tensor('float64', [values.length / width, width], Float64Array.from(values))
		const results = await program.run({ p: feed(p), q: feed(q) })
		await program.release()
		return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...(data as Float64Array)]]))
	}

	it('is the divergence of the two softmax distributions, row by row', async () => {
		// Softmax of the logarithms of probabilities gives them back, whatever is added to a row.
		const [p, q] = [
			[0.5, 0.25, 0.25],
			[0.1, 0.6, 0.3],
		]
		const shifted = (row: readonly number[], by: number) => row.map((value) => Math.log(value) + by)
		const divergence = (a: readonly number[], b: readonly number[]) =>
			a.reduce((sum, value, at) => sum + value * Math.log(value / b[at]!), 0)
		const { value, toP, toQ } = await run(
			[...shifted(p!, 3), ...shifted(q!, -1)],
			[...shifted(q!, 0), ...shifted(p!, 5)],
			3,
		)
		expect(value![0]).toBeCloseTo(divergence(p!, q!), 12)
		expect(value![1]).toBeCloseTo(divergence(q!, p!), 12)
		// To q: softmax q - softmax p. To p: p (log p - log q - KL).
		for (let at = 0; at < 3; at++) {
			expect(toQ![at]).toBeCloseTo(q![at]! - p![at]!, 12)
			expect(toP![at]).toBeCloseTo(p![at]! * (Math.log(p![at]! / q![at]!) - divergence(p!, q!)), 12)
		}
	})

	it('stays finite where a probability vanishes, and is zero between equal rows', async () => {
		const { value, toP, toQ } = await run([800, 0, -800, 1, 2, 3], [800, 0, -800, 4, 5, 6], 3)
		for (const entry of [...value!, ...toP!, ...toQ!]) expect(Math.abs(entry)).toBeLessThan(1e-12)
		const apart = await run([800, 0], [0, 800], 2)
		expect(apart.value![0]).toBeCloseTo(800, 9)
	})
})
