import { describe, expect, it } from 'vitest'
import { prepareAttack } from '../../registry.js'

const stages = (name: string, classes: number, options: Record<string, unknown> = {}) => {
	const counts = new Map<string, number>()
	for (const { stage } of prepareAttack(name, options).rounds(classes)) counts.set(stage, (counts.get(stage) ?? 0) + 1)
	return [...counts]
}

describe('AutoAttack', () => {
	it('has the stages of its versions, in order, a round for each restart and target', () => {
		expect(stages('autoattack', 100)).toEqual([
			['apgd-ce', 1],
			['apgd-t', 9],
			['fab-t', 9],
			['square', 1],
		])
		expect(stages('autoattack-plus', 100)).toEqual([
			['apgd-ce', 5],
			['apgd-dlr', 5],
			['fab', 5],
			['square', 1],
			['apgd-t', 9],
			['fab-t', 9],
		])
		expect(stages('autoattack-rand', 100)).toEqual([
			['apgd-ce', 1],
			['apgd-dlr', 1],
		])
	})

	it('has no more targets than other classes, and margins where a ratio of logits is not defined', () => {
		expect(stages('autoattack', 8)).toEqual([
			['apgd-ce', 1],
			['apgd-t', 7],
			['fab-t', 7],
			['square', 1],
		])
		expect(stages('autoattack', 3)[1]).toEqual(['apgd-t (margin)', 2])
		expect(stages('autoattack', 2)[1]).toEqual(['apgd-t (margin)', 1])
		expect(stages('autoattack-rand', 3)[1]).toEqual(['apgd-dlr', 1])
		expect(stages('autoattack-rand', 2)[1]).toEqual(['apgd-dlr (margin)', 1])
	})

	it('takes the passes that are known of a fully robust image', () => {
		const rounds = prepareAttack('autoattack').rounds(1000)
		const of = (name: string) => {
			const own = rounds.filter(({ stage }) => stage === name)
			const sum = (key: 'evaluations' | 'gradients') => own.reduce((total, { cost }) => total + cost[key], 0)
			return [sum('evaluations'), sum('gradients')]
		}
		expect(of('apgd-ce')).toEqual([0, 101])
		expect(of('apgd-t')).toEqual([9, 909])
		expect(of('fab-t')).toEqual([9 * 101, 900])
		expect(of('square')).toEqual([5001, 0])
	})

	it('averages over 20 draws in the version for randomised models', () => {
		expect(prepareAttack('autoattack-rand').options).toMatchObject({ version: 'rand', eotSamples: 20, restarts: 1 })
		expect(prepareAttack('autoattack-rand').rounds(10)[0]!.cost.gradients).toBe(20 * 101)
	})

	it('refuses untargeted FAB with many classes unless forced, and stages asked for twice', () => {
		expect(() => prepareAttack('autoattack-plus').rounds(101)).toThrow(/fab-t/)
		expect(prepareAttack('autoattack-plus', { force: true }).rounds(101).length).toBe(34)
		expect(() => prepareAttack('autoattack', { stages: ['square', 'square'] })).toThrow(/only once/)
		expect(stages('autoattack', 10, { stages: ['square', 'apgd-ce'], queries: 10 })).toEqual([
			['square', 1],
			['apgd-ce', 1],
		])
	})
})
