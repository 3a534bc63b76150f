import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holmAdjusted } from './holm.js'

describe('holmAdjusted', () => {
	it('multiplies by the number of tests left, never falls, and keeps the order', () => {
		// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
		const adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005])
		for (const [index, value] of [0.03, 0.06, 0.06, 0.02].entries()) expect(adjusted[index]).toBeCloseTo(value, 12)
		expect(holmAdjusted([0.5, 0.9])).toEqual([1, 1])
		expect(holmAdjusted([0.2])).toEqual([0.2])
		expect(holmAdjusted([])).toEqual([])
	})

	it('lies between the value and that of Bonferroni, in the same order', () => {
		fc.assert(
			fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }), (values) => {
				const adjusted = holmAdjusted(values)
				for (const [one, value] of values.entries()) {
					expect(adjusted[one]).toBeGreaterThanOrEqual(value)
					expect(adjusted[one]).toBeLessThanOrEqual(Math.min(1, value * values.length))
					for (const [other, next] of values.entries()) {
						if (value < next) expect(adjusted[one]).toBeLessThanOrEqual(adjusted[other]!)
					}
				}
			}),
		)
	})
})
