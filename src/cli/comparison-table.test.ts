import { describe, expect, it } from 'vitest'
import { compareEvaluations } from '../evaluation/robustness/comparison.js'
import { evaluationRecord } from '../evaluation/robustness/comparison.test.support.js'
import { comparisonTable } from './comparison-table.js'

/** Of twenty images all right when clean, so many hold under attack: the first ones. */
const entry = (name: string, robust: number, parameters: number, tuningSeconds: number) => ({
	tuningSeconds,
	record: evaluationRecord(
		name,
		Array.from({ length: 20 }, (_, index) => ({
			id: `image/${index}`,
			label: 0,
			cleanPrediction: 0,
			adversarialPrediction: index < robust ? 0 : 1,
			attacked: true,
		})),
		parameters,
	),
})

describe('comparisonTable', () => {
	it('has a row per method, marks the best, and leaves out what there is not', () => {
		const entries = [entry('vanilla', 0, 0, 0), entry('coop', 5, 8192, 61), entry('nap', 15, 1_234_567, 125)]
		const table = comparisonTable(compareEvaluations(entries, 'nap')).split('\n')
		expect(table).toHaveLength(5)
		expect(table[0]).toMatch(
			/^defense +parameters +clean accuracy \[95 %\] +accuracy under pgd-5 \[95 %\] +p against nap +tuning$/,
		)
		expect(table[2]).toMatch(/^vanilla +0 +100\.0 % \[.*\] +0\.0 % \[ ?0\.0, +16\.1\] +< 0\.001 *$/)
		// 10 images differ, all for NAP: 2 / 2^10 = 0.00195.
		expect(table[3]).toMatch(/^coop +8,192 +100\.0 % \[.*\] +25\.0 % \[.*\] +0\.002 +1 min 01 s$/)
		expect(table[4]).toMatch(/^nap +1,234,567 +100\.0 % \[.*\] +\* 75\.0 % \[.*\] +2 min 05 s$/)
	})

	it('marks all that are equally good', () => {
		const entries = [entry('vanilla', 4, 0, 0), entry('coop', 4, 10, 1)]
		const table = comparisonTable(compareEvaluations(entries, 'vanilla'))
		expect(table.match(/\* 20\.0 %/g)).toHaveLength(2)
		expect(table).toMatch(/coop.* 1\.000 /)
	})
})
