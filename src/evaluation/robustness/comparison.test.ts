import { describe, expect, it } from 'vitest'
import type { AttackOutcome } from '../../attacks/run/attack-outcomes.js'
import { NaptuneError } from '../../core/errors.js'
import { compareEvaluations } from './comparison.js'
import { evaluationRecord } from './comparison.test.support.js'

/** Outcomes by a string: R robust, C right when clean only, W wrong. */
function outcomes(pattern: string): AttackOutcome[] {
	return [...pattern].map((kind, index) => ({
		id: `image/${index}`,
		label: 1,
		cleanPrediction: kind === 'W' ? 0 : 1,
		adversarialPrediction: kind === 'R' ? 1 : 0,
		attacked: kind !== 'W',
	}))
}
const entry = (name: string, pattern: string, tuningSeconds = 0) => ({
	record: evaluationRecord(name, outcomes(pattern)),
	tuningSeconds,
})

describe('compareEvaluations', () => {
	const entries = [entry('vanilla', 'CCCCCCCCRW'), entry('fap', 'RRCCCCCCRW', 3), entry('nap', 'RRRRRRRCCC', 5)]

	it('counts images that only one of two gets right under attack', () => {
		const { methods, reference, format } = compareEvaluations(entries, 'nap')
		expect([format, reference]).toEqual([1, 'nap'])
		// 8 images differ, 1 of them for vanilla: 2 (1 + 8) / 2^8. 6 differ, 1 for FAP: 2 (1 + 6) / 2^6.
		expect(methods.map(({ defense, paired }) => [defense, paired])).toEqual([
			['vanilla', { onlyThis: 1, onlyReference: 7, p: expect.closeTo(18 / 256, 12) }],
			['fap', { onlyThis: 1, onlyReference: 5, p: expect.closeTo(14 / 64, 12) }],
			['nap', null],
		])
		expect(methods.map(({ clean, robust }) => [clean.accuracy, robust.accuracy])).toEqual([
			[0.9, 0.1],
			[0.9, 0.3],
			[1, 0.7],
		])
		expect(methods.map(({ tuningSeconds }) => tuningSeconds)).toEqual([0, 3, 5])
	})

	it('pairs images by their ids, whatever their order', () => {
		const turned = entries.map(({ record, tuningSeconds }, index) => ({
			tuningSeconds,
			record: index === 1 ? { ...record, outcomes: [...record.outcomes].reverse() } : record,
		}))
		expect(compareEvaluations(turned, 'nap')).toEqual(compareEvaluations(entries, 'nap'))
	})

	it('gives p = 1 to methods that never differ', () => {
		const same = [entry('vanilla', 'RCW'), entry('coop', 'RWW')]
		expect(compareEvaluations(same, 'vanilla').methods[1]!.paired).toEqual({ onlyThis: 0, onlyReference: 0, p: 1 })
	})

	it('refuses evaluations of different model, images, attack, threat model or seed', () => {
		const { record } = entries[1]!
		const changes = [
			{ model: { ...record.model, sha256: '1'.repeat(64) } },
			{ dataset: { ...record.dataset, ids: '1'.repeat(64) } },
			{ attack: { ...record.attack, options: { steps: 100 } } },
			{ threatModel: { norm: 'linf', epsilon: 0.02 } as const },
			{ seed: 2 },
		]
		for (const change of changes) {
			const changed = [entries[0]!, { record: { ...record, ...change }, tuningSeconds: 1 }, entries[2]!]
			expect(() => compareEvaluations(changed, 'nap'), Object.keys(change)[0]).toThrow(NaptuneError)
			expect(() => compareEvaluations(changed, 'nap')).toThrow(/of fap and nap differ/)
		}
		// Where the model lies is no matter.
		const moved = { record: { ...record, model: { ...record.model, source: 'elsewhere' } }, tuningSeconds: 3 }
		expect(compareEvaluations([entries[0]!, moved, entries[2]!], 'nap')).toEqual(compareEvaluations(entries, 'nap'))
	})

	it('needs an evaluation of the reference', () => {
		expect(() => compareEvaluations(entries, 'coop')).toThrow(/no evaluation of coop/)
	})
})
