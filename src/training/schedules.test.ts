import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { alphaAt, learningRateAt } from './schedules.js'

interface GoldenRates {
	readonly learningRate: number
	readonly warmupRate: number
	readonly epochs: number
	readonly schedules: readonly {
		readonly kind: 'none' | 'constant' | 'linear'
		readonly warmupEpochs: number
		readonly rates: readonly number[]
	}[]
}
const golden = JSON.parse(
	readFileSync(fileURLToPath(new URL('../../fixtures/tuning-golden/learning-rates.json', import.meta.url)), 'utf8'),
) as GoldenRates

describe('alphaAt', () => {
	it.each([
		[90, 0, 0.033464],
		[90, 1, 0.037368],
		[90, 15, 0.172226],
		[90, 30, 0.794346],
		[90, 45, 2.5],
		[90, 60, 4.205654],
		[90, 89, 4.962632],
		[30, 0, 0.033464],
		[30, 1, 0.04658],
		[30, 15, 2.5],
		[30, 29, 4.95342],
	])('of %i epochs at epoch %i is %f (equation 17, alpha 5)', (epochs, epoch, expected) => {
		expect(alphaAt(epoch, epochs, { kind: 'sigmoid', alpha: 5 })).toBeCloseTo(expected, 5)
	})

	it('is constant when asked', () => {
		expect(alphaAt(7, 90, { kind: 'constant', alpha: 2 })).toBe(2)
	})
})

describe('learningRateAt', () => {
	it('reproduces the logged sequence of 20 epochs', () => {
		const schedule = { learningRate: 1e-4, warmupRate: 1e-6, epochs: 20 }
		const expected = [1e-6, 1e-4, 9.938441702975689e-5, 9.755282581475769e-5, 9.45503262094184e-5]
		expected.forEach((rate, epoch) => {
			expect(learningRateAt(epoch, schedule) / rate).toBeCloseTo(1, 12)
		})
	})

	it('matches the values of 90 epochs and never reaches zero', () => {
		const schedule = { learningRate: 1e-4, warmupRate: 1e-6, epochs: 90 }
		expect(learningRateAt(2, schedule)).toBeCloseTo(9.99695e-5, 9)
		expect(learningRateAt(3, schedule)).toBeCloseTo(9.98782e-5, 9)
		expect(learningRateAt(45, schedule)).toBeCloseTo(5.1745e-5, 9)
		expect(learningRateAt(89, schedule)).toBeCloseTo(1.218e-7, 10)
	})

	it('starts at the peak without warm-up', () => {
		expect(learningRateAt(0, { learningRate: 0.002, epochs: 10 })).toBe(0.002)
	})
	it.each(golden.schedules)('is what torch and Dassl give: $kind warm-up of $warmupEpochs epochs', (schedule) => {
		const { kind, warmupEpochs, rates } = schedule
		const { learningRate, warmupRate, epochs } = golden
		const warmup = kind === 'none' ? {} : { warmupRate, warmup: kind, warmupEpochs }
		rates.forEach((rate, epoch) => {
			expect(learningRateAt(epoch, { learningRate, epochs, ...warmup }) / rate, `epoch ${epoch}`).toBeCloseTo(1, 12)
		})
	})
})
