import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createEngine, type Engine } from '../runtime/index.js'
import { ops, readModel, serializeModel, type Value } from './index.js'
import { checkGradients, double, type Trial, uniform } from './operators/gradient-check.test.support.js'
import { between, operand, seeds } from './operators/trials.test.support.js'

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** Smooth functions from tensors [B, 3, 3], parameters [3] and [3, 3] to tensors [B, 3, 3]. */
const steps: readonly ((a: Value, b: Value, vector: Value, matrix: Value) => Value)[] = [
	(a, b) => ops.add(a, b),
	(a, b) => ops.sub(a, ops.mul(b, 0.5)),
	(a, b) => ops.mul(ops.tanh(a), b),
	(a, b) => ops.matmul(ops.tanh(a), ops.sigmoid(b)),
	(a, _b, _vector, matrix) => ops.matmul(a, matrix),
	(a, b) => ops.div(a, ops.add(ops.mul(b, b), 2)),
	(a, _b, vector) => ops.layerNorm(a, vector, vector, 0.1),
	(a) => ops.softmax(a, 1),
	(a) => ops.transpose(a, [0, 2, 1]),
	(a) => ops.quickGelu(a),
	(a, b) => ops.concat([ops.slice(a, 2, 1, 3), ops.slice(b, 2, 0, 1)], 2),
	(a, b) => ops.add(ops.reduceMean(a, [1], true), b),
	(a, _b, vector) =>
		ops.mul(ops.reshape(ops.linear(ops.reshape(a, [-1, 3]), ops.unsqueeze(vector, [0]), null), [-1, 3, 1]), a),
	(a, b) => ops.where(ops.greater(a, 100), b, ops.sin(a)),
	(a) => ops.gather(a, ops.literal({ type: 'int64', shape: [3], data: BigInt64Array.of(2n, 0n, 0n) }), 1),
]

const graphs: fc.Arbitrary<Trial> = fc
	.record({
		seed: seeds,
		nodes: fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(), fc.nat()), {
			minLength: 3,
			maxLength: 10,
			size: 'max',
		}),
	})
	.map(({ seed, nodes }) => {
		const random = uniform(seed)
		const domain = between(-1, 1)
		return {
			operands: [
				operand([2, 3, 3], domain, random, ['B', 3, 3]),
				operand([3], domain, random),
				operand([3, 3], domain, random),
			],
			build: ([x, vector, matrix]) => {
				const values = [x!]
				for (const [step, a, b] of nodes) {
					const [left, right] = [values[a % values.length]!, values[b % values.length]!]
					values.push(steps[step]!(left, right, vector!, matrix!))
				}
				return values.slice(-3).reduce((sum, value) => ops.add(sum, value))
			},
		}
	})

it('graphs of any form have the first and second derivatives of central differences', async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(graphs, { minLength: 1, maxLength: 8, size: 'max' }), fc.integer(), (trials, seed) =>
			checkGradients((outputs) => engine.compile(outputs), trials, { ...double, tolerance: 1e-5 }, seed),
		),
		{ numRuns: 4, seed: 7 },
	)
})

it('graphs of any form are read back as they were written', async () => {
	await fc.assert(
		fc.asyncProperty(graphs, async ({ operands, build }) => {
			const inputs = operands.map(({ declared }, at) => ops.input(`x${at}`, 'float64', declared!))
			const y = build(inputs, []) as Value
			const again = readModel(serializeModel({ y }).bytes).outputs.y!
			expect([again.type, again.shape]).toEqual([y.type, y.shape])
			const program = await engine.compile({ y, again })
			const feeds = operands.map(
				({ shape, values }, at) =>
					[`x${at}`, { type: 'float64', shape, data: Float64Array.from(values) } as const] as const,
			)
			const results = await program.run(Object.fromEntries(feeds.filter(([name]) => program.inputs.includes(name))))
			await program.release()
			expect(results.again!.data).toEqual(results.y!.data)
		}),
		{ numRuns: 10, seed: 8 },
	)
})
