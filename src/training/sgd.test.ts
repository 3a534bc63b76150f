import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { float32 } from '../core/tensor.js'
import { doublesOf } from '../files/golden.test.support.js'
import { sgdStep } from './sgd.js'

const path = fileURLToPath(new URL('../../fixtures/tuning-golden/sgd.safetensors', import.meta.url))

/** Half a unit in the last place of float32, relative. */
const rounding = 2 ** -24

describe('sgdStep', () => {
	it.each([
		['momentum', { momentum: 0.9, weightDecay: 5e-4, nesterov: false }],
		['nesterov', { momentum: 0.9, weightDecay: 5e-4, nesterov: true }],
		['plain', { momentum: 0, weightDecay: 0, nesterov: false }],
	])('takes the steps of torch.optim.SGD: %s', async (kind, options) => {
		const golden = await doublesOf(path)
		const start = (name: string) => Float32Array.from(golden.get(`initial.${name}`)!)
		const parameters = { a: float32([12], start('a')), b: float32([5], start('b')) }
		const velocities = { a: new Float32Array(12), b: new Float32Array(5) }
		const rates = golden.get('learning_rate')!
		for (const [step, learningRate] of rates.entries()) {
			const gradients = Object.fromEntries(
				(['a', 'b'] as const).flatMap((name) => {
					const values = golden.get(`gradient.${name}.${step}`)
					return values ? [[name, float32([values.length], Float32Array.from(values))]] : []
				}),
			)
			expect(Object.keys(gradients)).toEqual(step === 1 ? ['a'] : ['a', 'b'])
			sgdStep(parameters, gradients, velocities, { ...options, learningRate })
			for (const name of ['a', 'b'] as const) {
				const exact = golden.get(`${kind}.parameter.${name}.${step}`)!
				const largest = (index: number) =>
					rates.reduce((most, _, at) => Math.max(most, Math.abs(golden.get(`gradient.${name}.${at}`)?.[index] ?? 0)), 1)
				for (const [index, value] of parameters[name].data.entries()) {
					// Sums of up to four gradients in the velocity, each rounded once, times a rate; and the value's own rounding,
					// which is that of values as large as those on the way.
					const moved = 0.0035 * 10 * largest(index)
					const tolerance = (step + 1) * rounding * (Math.abs(exact[index]!) + 1 + moved)
					expect(Math.abs(value - exact[index]!), `${name}[${index}] after step ${step}`).toBeLessThan(tolerance)
					const momentum = golden.get(`${kind}.momentum.${name}.${step}`)
					if (!momentum) continue
					const slack = 4 * (step + 1) * rounding * 4 * largest(index)
					expect(Math.abs(velocities[name][index]! - momentum[index]!)).toBeLessThan(slack)
				}
			}
		}
	})

	it('leaves parameters without a gradient alone, and refuses gradients of another size', () => {
		const parameters = { a: float32([2], [1, 2]) }
		const velocities = { a: Float32Array.from([3, 4]) }
		const options = { momentum: 0.9, weightDecay: 0.5, nesterov: false, learningRate: 1 }
		sgdStep(parameters, {}, velocities, options)
		expect([...parameters.a.data, ...velocities.a]).toEqual([1, 2, 3, 4])
		expect(() => sgdStep(parameters, { a: float32([1], [1]) }, velocities, options)).toThrow(
			/1 gradient entries and 2 velocities for parameter a with 2 entries/,
		)
		expect(() => sgdStep(parameters, { a: float32([2], [1, 1]) }, {}, options)).toThrow(/0 velocities/)
	})
})
