import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '../../runtime/index.js'
import { grad, nodesInOrder, ops, type Value } from '../index.js'
import { checkGradients, double } from './gradient-check.test.support.js'
import { between, unaryTrials } from './trials.test.support.js'

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** Nodes that a gradient adds to a graph. */
function added(y: Value, values: readonly Value[]): number {
	const forward = new Set(nodesInOrder([y]))
	const seed = ops.input('seed', y.type, y.shape)
	return nodesInOrder(grad(y, values, { seed })).filter((node) => !forward.has(node)).length
}

describe('x · sigmoid(c x)', () => {
	const forms: readonly [string, (x: Value) => Value][] = [
		['QuickGELU', ops.quickGelu],
		['SiLU', (x) => ops.mul(x, ops.sigmoid(x))],
		['gate first, factor first', (x) => ops.mul(ops.sigmoid(ops.mul(-0.5, x)), x)],
		[
			'with more uses of the gate',
			(x) => {
				const u = ops.mul(x, 1.702)
				const s = ops.sigmoid(u)
				return ops.add(ops.mul(ops.mul(x, s), u), s)
			},
		],
		['gate of another value', (x) => ops.mul(x, ops.sigmoid(ops.mul(ops.tanh(x), 1.702)))],
		['gate times itself', (x) => ops.mul(ops.sigmoid(x), ops.sigmoid(x))],
	]
	it.each(forms)('%s agrees with central differences in both orders', async (_, build) => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(unaryTrials(between(-4, 4), build), { minLength: 1, maxLength: 8, size: 'max' }),
				fc.integer(),
				(trials, seed) => checkGradients((outputs) => engine.compile(outputs), trials, double, seed),
			),
			{ numRuns: 2, seed: 1 },
		)
	})

	it('takes five nodes instead of eight', () => {
		const x = ops.input('x', 'float32', ['B', 8])
		expect(added(ops.quickGelu(x), [x])).toBe(5)
	})

	it('leaves the gradients of the gate and of its input alone where they are asked for', async () => {
		const x = ops.input('x', 'float64', [2])
		const u = ops.mul(x, 1.702)
		const s = ops.sigmoid(u)
		const y = ops.mul(x, s)
		const [dx, ds, du] = grad(y, [x, s, u])
		const [alone] = grad(y, [x])
		const program = await engine.compile({ dx: dx!, ds: ds!, du: du!, alone: alone!, s })
		const at = Float64Array.of(0.3, -2)
		const results = await program.run({ x: { type: 'float64', shape: [2], data: at } })
		const value = (name: string) => Array.from(results[name]!.data as Float64Array)
		expect(value('ds')).toEqual(Array.from(at))
		value('du').forEach((slope, i) => {
			const gate = value('s')[i]!
			expect(slope).toBeCloseTo(at[i]! * gate * (1 - gate), 12)
		})
		value('dx').forEach((slope, i) => {
			expect(slope).toBeCloseTo(value('alone')[i]!, 12)
		})
	})
})
