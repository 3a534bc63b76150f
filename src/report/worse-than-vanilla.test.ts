import { describe, expect, it } from 'vitest'
import { evaluationRecord } from '../evaluation/robustness/evaluation-record.test.support.js'
import { worseThanVanilla } from './worse-than-vanilla.js'

/** R robust, C right when clean only, W wrong. */
function record(name: string, pattern: string) {
	return evaluationRecord(
		name,
		[...pattern].map((kind, index) => ({
			id: `image/${index}`,
			label: 1,
			cleanPrediction: kind === 'W' ? 0 : 1,
			adversarialPrediction: kind === 'R' ? 1 : 0,
			attacked: kind !== 'W',
		})),
	)
}
const vanilla = record('vanilla', 'RRCCCCCCWW')

describe('worseThanVanilla', () => {
	it('says nothing of a model that keeps more under attack, whatever it costs, or is as good', () => {
		expect(worseThanVanilla(record('nap', 'RRRWWWWWWW'), vanilla)).toBeUndefined()
		expect(worseThanVanilla(record('nap', 'RRCCCCCCWW'), vanilla)).toBeUndefined()
		expect(worseThanVanilla(record('nap', 'CCRRCCCCCW'), vanilla)).toBeUndefined()
	})

	it('says where less is right under attack, with the test on the same images', () => {
		const sentence = worseThanVanilla(record('nap', 'RCCCCCCCWW'), vanilla, 'NAP')
		expect(sentence).toBe(
			'NAP is worse than vanilla CLIP: 80.0 % against 80.0 % on clean images (only it gets 0 of them right, only vanilla 0; exact McNemar test, p = 1.000); 10.0 % against 20.0 % under pgd-5 at L-infinity epsilon 4/255 (only it gets 0 of them right, only vanilla 1; exact McNemar test, p = 1.000). With so few images this may be chance.',
		)
	})

	it('says where as much is right under attack and less on clean images, without doubt where there is none', () => {
		const many = record('vanilla', `RR${'C'.repeat(18)}`)
		const sentence = worseThanVanilla(record('nap', `RR${'W'.repeat(12)}CCCCCC`), many)
		// Twelve images, all for vanilla: 2 / 2^12.
		expect(sentence).toMatch(
			/^nap is worse than vanilla CLIP: 40\.0 % against 100\.0 % on clean images \(.*only vanilla 12; .*p < 0\.001\); .*\)\.$/,
		)
	})

	it('does not compare other images', () => {
		const { dataset, ...rest } = record('nap', 'WWWWWWWWWW')
		expect(worseThanVanilla({ ...rest, dataset: { ids: 'other' } }, vanilla)).toBeUndefined()
		expect(worseThanVanilla({ ...rest, dataset }, vanilla)).toBeDefined()
	})
})
