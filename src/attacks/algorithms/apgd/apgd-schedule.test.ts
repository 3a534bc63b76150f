import { describe, expect, it } from 'vitest'
import { range } from '../../../core/rows.js'
import { apgdCheckpoints, apgdMemory, halvesStep } from './apgd-schedule.js'

describe('checkpoints of APGD', () => {
	it.each([
		[1, [1]],
		[5, range(1, 6)],
		[10, range(2, 11)],
		[20, [4, 7, ...range(9, 21)]],
		[50, [11, 21, 30, 38, 45]],
		[100, [22, 41, 57, 70, 80, 87, 93, 99]],
	])('for %d steps', (steps, expected) => {
		expect(apgdCheckpoints(steps)).toEqual(expected)
	})
})

describe('halving a step', () => {
	/** Decisions at the checkpoints for losses of the start and of every iterate. */
	function decisions(checkpoints: readonly number[], start: number, losses: readonly number[], steps = 8) {
		const memory = apgdMemory(steps, start)
		let best = start
		let checked = 0
		return losses.flatMap((loss, at) => {
			memory.losses[at] = loss
			best = Math.max(best, loss)
			if (!checkpoints.includes(at + 1)) return []
			const halves = halvesStep(memory, at + 1, at + 1 - checked, best)
			checked = at + 1
			return [halves]
		})
	}

	it('happens when at most three of four iterations rose', () => {
		expect(decisions([4], 0, [1, 2, 3, 4])).toEqual([false])
		expect(decisions([4], 0, [1, 2, 3, 3])).toEqual([true])
		expect(decisions([5], 0, [1, 2, 3, 4, 3])).toEqual([false])
	})

	it('compares the first loss with 0, whatever the start lost', () => {
		expect(decisions([4], 5, [1, 2, 3, 4])).toEqual([false])
		expect(decisions([4], -5, [-4, -3, -2, -1])).toEqual([true])
		expect(decisions([1], 0.5, [0.4])).toEqual([false])
	})

	it('compares the first loss with itself where it is the only one, so that a single step is halved', () => {
		expect(decisions([1], 0, [1], 1)).toEqual([true])
	})

	it('happens without a better best only where it did not happen the time before, and not at first', () => {
		// Rises throughout, yet never above the start: no halving at the first checkpoint, at the second, none at the third.
		const losses = [1, 2, 3, 4, 5, 6]
		expect(decisions([2, 4, 6], 10, losses)).toEqual([false, true, false])
		expect(decisions([2, 4, 6], 3, losses)).toEqual([false, false, false])
	})
})
