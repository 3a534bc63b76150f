import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { float32 } from '../core/tensor.js'
import { doublesOf } from '../files/golden.test.support.js'
import { type AdamWOptions, adamWStep, createAdamWState } from './adamw.js'

const path = fileURLToPath(new URL('../../fixtures/tuning-golden/adamw.safetensors', import.meta.url))
const usual: Omit<AdamWOptions, 'learningRate'> = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 5e-4 }

/** Half a unit in the last place of float32, relative. */
const rounding = 2 ** -24

describe('adamWStep', () => {
	it('takes the steps of torch.optim.AdamW', async () => {
		const golden = await doublesOf(path)
		const parameters = { x: float32([12], Float32Array.from(golden.get('initial')!)) }
		const state = createAdamWState(parameters)
		const rates = golden.get('learning_rate')!
		for (const [step, learningRate] of rates.entries()) {
			const gradient = float32([12], Float32Array.from(golden.get(`gradient.${step}`)!))
			adamWStep(parameters, { x: gradient }, state, { ...usual, learningRate })
			const exact = golden.get(`float64.parameter.${step}`)!
			const torch = golden.get(`float32.parameter.${step}`)!
			for (const [index, value] of parameters.x.data.entries()) {
				// One rounding of the value per step, and the relative errors of moments of about the last place times a
				// change of at most ten learning rates: the 1e-9 gradients sit where epsilon rules the denominator.
				const tolerance = (step + 1) * rounding * Math.abs(exact[index]!) + 10 * learningRate * 4 * rounding + 1e-12
				expect(Math.abs(value - exact[index]!), `entry ${index} of step ${step}`).toBeLessThan(tolerance)
				// PyTorch in float32 rounds in between, too.
				expect(Math.abs(value - torch[index]!)).toBeLessThan(4 * tolerance)
			}
		}
		expect(state.step).toBe(5)
		for (const [name, moments] of [
			['first', state.firstMoments.x!],
			['second', state.secondMoments.x!],
		] as const) {
			const exact = golden.get(`float64.${name}_moment`)!
			// Sums may cancel: errors are relative to the largest term, which the last gradients bound.
			for (const [index, value] of moments.entries()) {
				const terms = rates.map(
					(_, step) => Math.abs(golden.get(`gradient.${step}`)![index]!) ** (name === 'first' ? 1 : 2),
				)
				expect(Math.abs(value - exact[index]!)).toBeLessThanOrEqual(5 * rounding * Math.max(...terms) + 1e-44)
			}
		}
	})

	it('leaves parameters without a gradient alone, and goes by their groups', () => {
		const make = () => ({ a: float32([1], [2]), b: float32([1], [2]), c: float32([1], [2]) })
		const parameters = make()
		const zero = { a: float32([1], [0]), b: float32([1], [0]) }
		const state = createAdamWState(parameters)
		adamWStep(parameters, zero, state, {
			...usual,
			weightDecay: 0.5,
			learningRate: 0.1,
			group: (name) => (name === 'a' ? {} : { decays: false }),
		})
		expect(parameters.a.data[0]).toBeCloseTo(1.9, 6)
		expect(parameters.b.data[0]).toBe(2)
		expect(parameters.c.data[0]).toBe(2)
		const slopes = { a: float32([1], [1]), b: float32([1], [1]) }
		const rates = make()
		adamWStep(rates, slopes, createAdamWState(rates), {
			...usual,
			weightDecay: 0,
			learningRate: 0.1,
			group: (name) => (name === 'b' ? { rate: 0.1 } : undefined),
		})
		expect(rates.a.data[0]).toBeCloseTo(1.9, 6)
		expect(rates.b.data[0]).toBeCloseTo(1.99, 6)
	})

	it('refuses gradients of another size', () => {
		const parameters = { x: float32([2], [1, 2]) }
		const state = createAdamWState(parameters)
		expect(() => adamWStep(parameters, { x: float32([1], [1]) }, state, { ...usual, learningRate: 1 })).toThrow(
			/1 gradient entries and 2 moments for parameter x with 2 entries/,
		)
	})
})
