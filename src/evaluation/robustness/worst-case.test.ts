import { describe, expect, it } from 'vitest'
import type { AttackOutcome } from '../../attacks/run/attack-outcomes.js'
import { worstCase } from './worst-case.js'

/** Outcomes of images 0, 1, ...: label 1, with these predictions. */
function evaluation(clean: readonly number[], adversarial: readonly number[]): { outcomes: AttackOutcome[] } {
	const outcomes = clean.map((cleanPrediction, at) => ({
		id: `${at}`,
		label: 1,
		cleanPrediction,
		adversarialPrediction: adversarial[at]!,
		attacked: cleanPrediction === 1,
	}))
	return { outcomes }
}

describe('the worst case', () => {
	it('counts an image as robust only where it is robust in every evaluation', () => {
		const first = evaluation([1, 1, 1, 0], [1, 0, 1, 0])
		const second = evaluation([1, 1, 1, 0], [1, 1, 2, 0])
		const { images, clean, robust, outcomes } = worstCase([first, second])
		expect([images, clean.accuracy, robust.accuracy]).toEqual([4, 0.75, 0.25])
		expect(outcomes.map(({ adversarialPrediction }) => adversarialPrediction)).toEqual([1, 0, 2, 0])
		expect(worstCase([second]).robust.accuracy).toBe(0.5)
	})

	it('refuses evaluations of different models or images, and none', () => {
		const one = evaluation([1, 1], [1, 0])
		expect(() => worstCase([one, evaluation([1, 0], [1, 0])])).toThrow(/disagree about 1/)
		expect(() => worstCase([one, evaluation([1], [1])])).toThrow(/disagree about 1/)
		expect(() => worstCase([evaluation([1], [1]), one])).toThrow(/1 and 2 images/)
		expect(() => worstCase([])).toThrow(/got none/)
	})
})
