import { describe, expect, it } from 'vitest'
import { defined } from '../../../core/defined.js'
import type { ExperimentResult } from '../../../experiments/experiment-result.js'
import { sampleResult } from '../../result.test.support.js'
import { verdictOf } from './verdict.js'

/** The accuracy in the result, as the verdict writes it. */
function accuracy({ cells }: ExperimentResult, method: string, condition: string): string {
	const cell = cells.find((one) => one.method === method && one.condition === condition)!
	return `${(100 * cell.accuracy).toFixed(1)} %`
}

describe('verdictOf', () => {
	it('says what is left under the strongest attack, beside vanilla with the paired interval, and clean', () => {
		const result = sampleResult()
		const [sentence, ...more] = verdictOf(result)
		expect(more).toEqual([])
		expect(sentence).toContain(
			`Under AutoAttack at L-infinity epsilon 1/255, the strongest attack, NAP, the best of 3 tuned models, gets ${accuracy(result, 'nap', 'autoattack')} of 200 images right, vanilla CLIP ${accuracy(result, 'vanilla', 'autoattack')} (+`,
		)
		expect(sentence).toMatch(/ points, 95 % interval \+\d+\.\d to \+\d+\.\d\); on clean images it gets/)
		expect(sentence).toContain(
			`it gets ${accuracy(result, 'nap', 'clean')} right, vanilla CLIP ${accuracy(result, 'vanilla', 'clean')}.`,
		)
	})

	it('does not claim a difference that the interval does not show', () => {
		const result = sampleResult()
		const cells = result.cells.map((cell) => ({
			...cell,
			...defined({ paired: cell.paired ? { ...cell.paired, interval: [-0.01, 0.5] as const } : undefined }),
		}))
		expect(verdictOf({ ...result, cells })[0]).toContain('to +50.0, which does not exclude 0)')
		const turned = sampleResult({ reference: 'nap' })
		const { difference } = turned.cells.find(
			({ method, condition }) => method === 'vanilla' && condition === 'autoattack',
		)!.paired!
		expect(difference).toBeLessThan(0)
		expect(verdictOf(turned)[0]).toContain(`(+${(-100 * difference).toFixed(1)} points, 95 % interval +`)
		const alone = sampleResult({ reference: null, images: 4 })
		expect(verdictOf(alone)[0]).toContain('95 % intervals that overlap')
	})

	it('claims no difference that the tables do not mark as one', () => {
		const result = sampleResult()
		// Six images that only one gets right: the interval of the difference excludes 0, the corrected test does not.
		const cells = result.cells.map((cell) => ({
			...cell,
			...defined({
				paired: cell.paired
					? {
							...cell.paired,
							onlyThis: 6,
							onlyReference: 0,
							p: 0.03125,
							difference: 0.03,
							interval: [0.01, 0.055] as const,
						}
					: undefined,
			}),
		}))
		expect(verdictOf({ ...result, cells })[0]).toContain(
			"interval +1.0 to +5.5, but not significant in McNemar's test, p = 0.094 after Holm's correction)",
		)
	})

	it('names all methods that are equally good, and the reference where it is not the best', () => {
		const result = sampleResult({ reference: 'nap' })
		const level = (method: string, accuracy: number) =>
			result.cells.map((cell) =>
				cell.method === method && cell.condition === 'autoattack' ? { ...cell, accuracy } : cell,
			)
		const nap = result.cells.find(({ method, condition }) => method === 'nap' && condition === 'autoattack')!
		// Equal to a tenth of a percent, as a reader sees it.
		const equal = { ...result, cells: level('advpt', nap.accuracy + 1e-6) }
		expect(verdictOf(equal)[0]).toMatch(
			/, NAP gets [\d.]+ % of 200 images right, as does AdvPT, vanilla CLIP .*images NAP gets/,
		)
		const better = { ...result, cells: level('advpt', 0.6) }
		expect(verdictOf(better)[0]).toContain(
			`AdvPT, the best of 3 tuned models, gets 60.0 % of 200 images right, vanilla CLIP ${accuracy(result, 'vanilla', 'autoattack')} (`,
		)
		expect(verdictOf(better)[0]).toContain(`), NAP ${accuracy(result, 'nap', 'autoattack')}; on clean images it gets`)
	})

	it('averages over data sets, and compares only averages over as many', () => {
		const datasets = ['a', 'b', 'c']
		expect(verdictOf(sampleResult({ datasets }))[0]).toMatch(
			/right on average over 3 data sets, vanilla CLIP [\d.]+ % \(\+/,
		)
		const problems = [{ model: 'nano', dataset: 'a', method: 'vanilla', condition: 'autoattack', message: 'gone' }]
		expect(verdictOf(sampleResult({ datasets, problems }))[0]).toContain('% over 2, which is not comparable')
		// The easiest data set alone makes no method the best.
		const whole = sampleResult({ datasets })
		const averages = whole.averages.map((one) =>
			one.method === 'advpt' ? { ...one, datasets: 1, accuracy: 0.99 } : one,
		)
		expect(verdictOf({ ...whole, averages })[0]).toContain('NAP, the best of 2 tuned models, gets')
	})

	it('speaks of one data set where there is no mean over several', () => {
		const result = { ...sampleResult({ datasets: ['a', 'b'] }), averages: [] }
		expect(verdictOf(result)[0]).toMatch(
			/NAP, the best of 3 tuned models, gets [\d.]+ % of 200 images of a right, vanilla CLIP/,
		)
	})

	it('names the point of a curve, every model, and clean images where there is no attack', () => {
		expect(verdictOf(sampleResult({ layout: 'curve' }))[0]).toMatch(
			/NAP \(training images per class: \d+\), the best of 15 tuned models, gets/,
		)
		expect(verdictOf(sampleResult({ layout: 'matrix' }))[0]).toMatch(
			/^Under PGD-100 at 4\/255, the strongest attack.*training epsilon: \d\/255/,
		)
		const models = ['one', 'two']
		expect(
			verdictOf(sampleResult({ models })).map((text) => / on (\w+), the strongest attack, NAP/.exec(text)?.[1]),
		).toEqual(models)
		const conditions = [{ name: 'clean', title: 'Clean', role: 'table' as const }]
		expect(verdictOf(sampleResult({ conditions }))[0]).toMatch(
			/^On clean images, AdvPT, the best of 3 tuned models, gets [\d.]+ % of 200 images right/,
		)
	})

	it('says so where nothing was measured', () => {
		expect(verdictOf({ ...sampleResult(), cells: [], averages: [] })).toEqual([
			'Nothing could be measured; the problems are listed below.',
		])
	})
})
