import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSafetensorsTensors } from '../files/safetensors.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { attention, divergence, embedding } from './golden-graphs.test.support.js'
import { grad, ops, type Tensor, tensor } from './index.js'
import { checkGradients, double } from './operators/gradient-check.test.support.js'

type Type = 'float32' | 'float64'

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** Values of PyTorch in float64 by name, with their shapes. */
async function golden(name: string): Promise<Map<string, { shape: readonly number[]; values: Float64Array }>> {
	const path = fileURLToPath(new URL(`../../fixtures/onnx-golden/${name}.safetensors`, import.meta.url))
	const stored = await readSafetensorsTensors(path)
	return new Map([...stored].map(([key, { shape, data }]) => [key, { shape, values: new Float64Array(data.buffer) }]))
}

function make(type: Type, shape: readonly number[], values: Float64Array): Tensor {
	return type === 'float64' ? tensor(type, shape, values) : tensor(type, shape, Float32Array.from(values))
}

function norm(values: ArrayLike<number>): number {
	return Math.hypot(...Array.from(values))
}

/** ||a - b|| relative to ||b||, or to `least` where b is zero in exact arithmetic. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>, least: number): number {
	return norm(Array.from(b, (value, at) => value - a[at]!)) / Math.max(norm(b), least)
}

const graphs = { attention, embedding, divergence }

// Float64 agrees to rounding. Float32 carries 6e-8 per operation through some 30 operations, and through twice and
// four times as many for first and second derivatives.
const cases = [
	{ name: 'attention', type: 'float64', forward: 1e-12, first: 1e-11, second: 1e-10 },
	{ name: 'attention', type: 'float32', forward: 2e-6, first: 1e-5, second: 5e-5 },
	// Conv and Erf have no float64 kernels.
	{ name: 'embedding', type: 'float32', forward: 2e-6, first: 1e-5, second: 5e-5 },
	{ name: 'divergence', type: 'float64', forward: 1e-12, first: 1e-11, second: 1e-10 },
	{ name: 'divergence', type: 'float32', forward: 2e-6, first: 1e-5, second: 5e-5 },
] as const

describe.each(cases)('$name in $type', ({ name, type, ...tolerance }) => {
	it('has the values and the first and second derivatives of PyTorch', async () => {
		const expected = await golden(name)
		const names = [...expected.keys()].filter((key) => key.startsWith('input.')).map((key) => key.slice(6))
		const inputs = Object.fromEntries(
			names.map((key) => {
				const { shape } = expected.get(`input.${key}`)!
				// The batch is symbolic, as it is in all programs.
				return [key, ops.input(key, type, key === 'x' ? ['B', ...shape.slice(1)] : shape)]
			}),
		)
		const forward = graphs[name](inputs)
		const values = Object.values(inputs)
		const first = grad(forward.loss!, values)
		const dx = first[names.indexOf('x')]!
		const penalty = ops.reduceSum(ops.mul(dx, dx))
		const second = grad(penalty, values)
		const program = await engine.compile({
			...Object.fromEntries(Object.entries(forward).map(([key, value]) => [`forward.${key}`, value])),
			...Object.fromEntries(names.map((key, at) => [`gradient.${key}`, first[at]!])),
			'second.value': penalty,
			...Object.fromEntries(names.map((key, at) => [`second.gradient.${key}`, second[at]!])),
		})
		const feeds = names.map((key) => {
			const { shape, values } = expected.get(`input.${key}`)!
			return [key, make(type, shape, values)] as const
		})
		const results = await program.run(Object.fromEntries(feeds))
		const groups = { forward: tolerance.forward, gradient: tolerance.first, second: tolerance.second }
		for (const [group, limit] of Object.entries(groups)) {
			const keys = Object.keys(results).filter((key) => key.startsWith(group))
			const largest = Math.max(...keys.map((key) => norm(expected.get(key)!.values)))
			for (const key of keys) {
				const { shape, values } = expected.get(key)!
				expect(results[key]!.shape, key).toEqual(shape)
				expect(distance(results[key]!.data as Float64Array, values, largest / 100), key).toBeLessThan(limit)
			}
		}
		await program.release()
	})
})

it.each(['attention', 'divergence'] as const)('%s agrees with central differences in both orders', async (name) => {
	const expected = await golden(name)
	const entries = [...expected].filter(([key]) => key.startsWith('input.'))
	const trial = {
		operands: entries.map(([, { shape, values }]) => ({ shape, values: Array.from(values) })),
		build: (values: readonly import('./value.js').Value[]) =>
			graphs[name](Object.fromEntries(entries.map(([key], at) => [key.slice(6), values[at]!]))).loss!,
	}
	await checkGradients((outputs) => engine.compile(outputs), [trial], { ...double, tolerance: 1e-6 }, 1)
})
