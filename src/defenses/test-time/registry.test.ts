import { describe, expect, it } from 'vitest'
import { chooseTestTimeDefense, testTimeDefenses } from './registry.js'

describe('test-time defenses', () => {
	it("have the references' values as defaults, all of them recorded", () => {
		expect([...testTimeDefenses.keys()]).toEqual(['ttc', 'r-tpt', 'tapt'])
		expect(chooseTestTimeDefense('ttc').options).toEqual({
			epsilon: 4 / 255,
			steps: 2,
			stepSize: 1 / 255,
			threshold: 0.2,
			beta: 2,
			seed: 0,
		})
		const views = { views: 64, selected: 0.1, smallestCrop: 0.08, seed: 0, steps: 1, optimizer: 'adamw' }
		expect(chooseTestTimeDefense('r-tpt').options).toEqual({
			...views,
			learningRate: 5e-3,
			weightDecay: 0.01,
			neighbours: 20,
			temperature: 0.01,
		})
		expect(chooseTestTimeDefense('tapt', { statisticsImages: 32 }).options).toEqual({
			...views,
			learningRate: 5e-4,
			weightDecay: 5e-4,
			alignmentWeight: 100,
			alignmentDepth: 9,
			adversarialShare: 0.5,
			statisticsImages: 32,
			statisticsEpsilon: 1 / 255,
			statisticsSteps: 5,
			statisticsRelativeStepSize: 0.3,
		})
	})

	it.each([
		['ttt', {}, /Unknown test-time defense ttt; choose one of ttc, r-tpt, tapt/],
		['ttc', { epsilon: 4, stepsize: 1 }, /defense ttc .*stepsize.*epsilon/s],
		['r-tpt', { views: 8 }, /at least one view.*selected/s],
		['r-tpt', { views: 1, optimizer: 'adam' }, /views.*optimizer/s],
		['tapt', { adversarialShare: 2 }, /adversarialShare/],
	])('refuses %s with %j', (name, options, message) => {
		expect(() => chooseTestTimeDefense(name, options)).toThrow(message)
	})
})
