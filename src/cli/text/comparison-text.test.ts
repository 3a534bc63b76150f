import { describe, expect, it } from 'vitest'
import { wilsonIntervalOfShare } from '../../statistics/wilson.js'
import { comparisonTable, comparisonText } from './comparison-text.js'

const images = 20
const accuracyOf = (share: number) => ({ accuracy: share, interval: wilsonIntervalOfShare(share, images) })

/** A method that is right on all clean images and on so many under attack. */
const method = (defense: string, robust: number, trainableParameters: number, tuningSeconds: number, p?: number) => ({
	defense,
	trainableParameters,
	clean: accuracyOf(1),
	robust: accuracyOf(robust / images),
	paired: p === undefined ? null : { onlyThis: 0, onlyReference: 0, p: p / 2, correctedP: p },
	tuningSeconds,
	evaluationSeconds: 1,
})

describe('comparisonTable', () => {
	it('has a row per method, marks the best, and leaves out what there is not', () => {
		const methods = [
			method('vanilla', 0, 0, 0, 0.0001),
			method('coop', 5, 8192, 61, 0.002),
			method('nap', 15, 1_234_567, 125),
		]
		const table = comparisonTable({ methods, attack: 'pgd-5', reference: 'nap' }).split('\n')
		expect(table).toHaveLength(5)
		expect(table[0]).toMatch(
			/^defense +parameters +clean accuracy \[95 %\] +accuracy under pgd-5 \[95 %\] +p against nap +tuning$/,
		)
		expect(table[2]).toMatch(/^vanilla +0 +100\.0 % \[.*\] +0\.0 % \[ ?0\.0, +16\.1\] +< 0\.001 *$/)
		// The corrected probability.
		expect(table[3]).toMatch(/^coop +8,192 +100\.0 % \[.*\] +25\.0 % \[.*\] +0\.002 +1 min 01 s$/)
		expect(table[4]).toMatch(/^nap +1,234,567 +100\.0 % \[.*\] +\* 75\.0 % \[.*\] +2 min 05 s$/)
	})

	it('marks all that are equally good', () => {
		const methods = [method('vanilla', 4, 0, 0), method('coop', 4, 10, 1, 1)]
		const table = comparisonTable({ methods, attack: 'pgd-5', reference: 'vanilla' })
		expect(table.match(/\* 20\.0 %/g)).toHaveLength(2)
		expect(table).toMatch(/coop.* 1\.000 /)
	})
})

describe('comparisonText', () => {
	it('says over how many comparisons probabilities are corrected', () => {
		const text = comparisonText({
			experiment: { name: 'fair', version: 1, preset: 'fair' },
			output: '/runs/x',
			record: '/runs/x/result.json',
			model: 'nano',
			attack: 'pgd-100',
			data: 'photos',
			norm: 'linf',
			epsilon: 1 / 255,
			split: 'test',
			images,
			seed: 1,
			reference: 'nap',
			methods: [method('vanilla', 1, 0, 0, 0.5), method('coop', 1, 1, 1, 0.5), method('nap', 2, 1, 1)],
			problems: [],
			seconds: 3,
		})
		expect(text).toContain("corrected by Holm's method over the 2 comparisons shown")
		expect(text).toContain('20 test images, pgd-100 at L-infinity epsilon 1/255, preset fair, seed 1')
	})
})
