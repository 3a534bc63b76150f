import { describe, expect, it } from 'vitest'
import { generator } from '../random/counter-based.js'
import { ruleBehaviour, type StoppingRule, sequentialTest } from './sequential.js'

/** What a rule does on independent images of a true proportion. */
function simulated(rule: StoppingRule, images: number, proportion: number, times: number) {
	const stream = generator(1, 'sequential-test', proportion)
	let passes = 0
	let looked = 0
	for (let time = 0; time < times; time++) {
		let right = 0
		for (let seen = 1; seen <= images; seen++) {
			if (stream.uniform() < proportion) right++
			const decision = rule(right, seen)
			if (decision === undefined) continue
			if (decision === 'pass') passes++
			looked += seen
			break
		}
	}
	return { pass: passes / times, expected: looked / times }
}

const options = { bad: 0.3, good: 0.45, falsePass: 0.05, falseFail: 0.05 }
const test = sequentialTest(options)
/** Decides at the end by the majority of what it should tell apart. */
const truncated: StoppingRule = (right, seen) => test(right, seen) ?? (seen < 400 ? undefined : 'fail')

describe('the sequential test', () => {
	it('keeps its error rates, and looks at few images', () => {
		const bad = ruleBehaviour(truncated, 400, options.bad)
		expect(bad.pass).toBeLessThanOrEqual(options.falsePass)
		expect(bad.pass).toBeGreaterThan(options.falsePass / 4)
		expect(bad.expected).toBeLessThan(120)
		// What is cut off at the end fails here, which adds to the rate of the test alone.
		const good = ruleBehaviour(truncated, 400, options.good)
		expect(1 - good.pass).toBeLessThanOrEqual(options.falseFail + 0.002)
		expect(ruleBehaviour(truncated, 400, 0.2).pass).toBeLessThan(bad.pass)
		expect(ruleBehaviour(truncated, 400, 0.6).pass).toBeGreaterThan(good.pass)
	})

	it('does what is worked out, in 20,000 drawn gates of every kind', () => {
		for (const proportion of [0.2, 0.3, 0.37, 0.45, 0.6]) {
			const exact = ruleBehaviour(truncated, 400, proportion)
			const drawn = simulated(truncated, 400, proportion, 20_000)
			expect(Math.abs(drawn.pass - exact.pass), `pass at ${proportion}`).toBeLessThan(0.01)
			expect(Math.abs(drawn.expected - exact.expected), `images at ${proportion}`).toBeLessThan(0.02 * exact.expected)
		}
	})

	it('refuses what is no test, and a rule that never decides', () => {
		for (const wrong of [{ bad: 0 }, { good: 1 }, { bad: 0.5 }, { falsePass: 0 }, { falseFail: 1 }]) {
			expect(() => sequentialTest({ ...options, ...wrong })).toThrow('0 < bad < good < 1')
		}
		expect(() => ruleBehaviour(test, 10, 0.4)).toThrow(RangeError)
	})
})
