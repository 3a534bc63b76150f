import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { at } from '../core/at.js'
import { generator } from '../random/counter-based.js'
import { mcnemarTest } from '../statistics/mcnemar.js'
import { ruleBehaviour } from '../statistics/sequential.js'
import { wilsonInterval } from '../statistics/wilson.js'
import { type CheckInput, dropCheck, minimumCheck, minimumRule, neededRight } from './checks.js'

const stopping = { rule: 'certain', margin: 0.1, falsePass: 0.025, falseFail: 0.025 } as const
const about = (possible: readonly boolean[], rule: 'certain' | 'sprt' | 'never' = 'certain'): CheckInput => ({
	id: 'pgd.min',
	title: 'robust accuracy',
	possible,
	stopping: { ...stopping, rule },
})

/** Images that are right when clean, of which some stay right, and what a baseline makes of them. */
const images = fc.array(fc.record({ clean: fc.boolean(), robust: fc.boolean(), before: fc.boolean() }), {
	minLength: 1,
	maxLength: 120,
})

describe('a check of a minimum', () => {
	it('decides early only as the whole sample does, and as soon as that is certain', () => {
		fc.assert(
			fc.property(images, fc.integer({ min: 0, max: 60 }), (drawn, percent) => {
				const min = percent / 100
				fc.pre(wilsonInterval(drawn.length, drawn.length)[0] >= min)
				const right = drawn.map(({ clean, robust }) => clean && robust)
				const check = minimumCheck(about(drawn.map(({ clean }) => clean)), min)
				for (const isRight of right) check.take(isRight)
				const { status, images: seen } = check.result()
				const whole = wilsonInterval(right.filter(Boolean).length, right.length)[0] >= min
				expect(status).toBe(whole ? 'pass' : 'fail')
				// One image earlier, the images left could still have changed it.
				if (seen > 0) {
					const before = right.slice(0, seen - 1).filter(Boolean).length
					const open = drawn.slice(seen - 1).filter(({ clean }) => clean).length
					const reaches = (count: number) => wilsonInterval(count, right.length)[0] >= min
					expect(reaches(before)).not.toBe(reaches(before + open))
				}
			}),
		)
	})

	it('looks at all of them where it should never stop early', () => {
		const check = minimumCheck(about(Array(50).fill(true), 'never'), 0.1)
		for (let image = 0; image < 49; image++) check.take(true)
		expect(check.decision).toBeUndefined()
		expect(check.result().status).toBe('undecided')
		check.take(true)
		expect(check.result()).toMatchObject({ status: 'pass', images: 50, decidedBy: 'whole sample' })
	})

	it('fails before any attack where too few images are right when clean', () => {
		const check = minimumCheck(about([...Array(10).fill(true), ...Array(90).fill(false)]), 0.3)
		expect(check.result()).toMatchObject({ status: 'fail', images: 0, decidedBy: 'certainty' })
	})

	it('finds the least number of right images, and refuses a minimum that none reaches', () => {
		for (const [min, count] of [
			[0.3, 200],
			[0.5, 40],
			[0.9, 100],
		] as const) {
			const needed = neededRight(min, count)
			expect(wilsonInterval(needed, count)[0]).toBeGreaterThanOrEqual(min)
			expect(wilsonInterval(needed - 1, count)[0]).toBeLessThan(min)
		}
		expect(neededRight(0, 10)).toBe(0)
		expect(() => neededRight(0.95, 20)).toThrow('No model can reach min 0.95 on 20 images')
	})

	it('states error rates that 4,000 drawn gates of each kind have', () => {
		for (const rule of ['certain', 'sprt'] as const) {
			const errors = minimumCheck(about(Array(200).fill(true), rule), 0.3).result().errors
			const drawn = [0.3, 0.4].map((proportion) => {
				const stream = generator(1, 'drawn-gates', rule, proportion)
				let passes = 0
				let looked = 0
				for (let gate = 0; gate < 4000; gate++) {
					const check = minimumCheck({ ...about(Array(200).fill(true), rule) }, 0.3)
					while (check.decision === undefined) {
						check.take(stream.uniform() < proportion)
						looked++
					}
					if (check.decision === 'pass') passes++
				}
				return { passes: passes / 4000, looked: looked / 4000 }
			})
			expect(Math.abs(at(drawn, 0).passes - (errors?.falsePass ?? 1))).toBeLessThan(0.01)
			expect(Math.abs(1 - at(drawn, 1).passes - (errors?.falseFail ?? 1))).toBeLessThan(0.025)
			expect(Math.abs(at(drawn, 0).looked - (errors?.expectedImages[0] ?? 0))).toBeLessThan(3)
			// The interval's own 2.5 %, and with the sequential test at most as much again.
			expect(errors?.falsePass).toBeLessThan(rule === 'certain' ? 0.035 : 0.055)
		}
		const [certain, sprt] = (['certain', 'sprt'] as const).map((rule) =>
			ruleBehaviour(minimumRule(0.3, 200, { ...stopping, rule }), 200, 0.5),
		)
		expect(at([certain, sprt], 1)?.expected).toBeLessThan(0.5 * (certain?.expected ?? 0))
	})
})

describe('a comparison with a baseline', () => {
	it('decides early only as the whole sample does', () => {
		fc.assert(
			fc.property(images, fc.integer({ min: 0, max: 20 }), (drawn, percent) => {
				const maxDrop = percent / 100
				const right = drawn.map(({ clean, robust }) => clean && robust)
				const check = dropCheck({
					...about(drawn.map(({ clean }) => clean)),
					baseline: drawn.map(({ before }) => before),
					maxDrop,
					level: 0.05,
				})
				for (const isRight of right) check.take(isRight)
				const lost = drawn.filter(({ before }, image) => before && !right[image]).length
				const gained = drawn.filter(({ before }, image) => !before && right[image]).length
				const fails = (lost - gained) / drawn.length > maxDrop && mcnemarTest(lost, gained) <= 0.05
				expect(check.result().status).toBe(fails ? 'fail' : 'pass')
			}),
		)
	})

	it('passes two equally good models but for half of its level, in 4,000 drawn gates', () => {
		const stream = generator(1, 'equally-good')
		let failures = 0
		for (let gate = 0; gate < 4000; gate++) {
			const baseline = Array.from({ length: 100 }, () => stream.uniform() < 0.4)
			const check = dropCheck({ ...about(Array(100).fill(true)), baseline, maxDrop: 0, level: 0.05 })
			for (let image = 0; image < 100; image++) check.take(stream.uniform() < 0.4)
			if (check.decision === 'fail') failures++
		}
		expect(failures / 4000).toBeLessThanOrEqual(0.025 + 0.005)
		expect(failures).toBeGreaterThan(20)
	})

	it('tolerates what is allowed, and what may be chance', () => {
		const compared = (lost: number, maxDrop: number) => {
			const baseline = Array(200).fill(true)
			const check = dropCheck({ ...about(Array(200).fill(true)), baseline, maxDrop, level: 0.05 })
			for (let image = 0; image < 200; image++) check.take(image >= lost)
			return check.result()
		}
		expect(compared(4, 0).status).toBe('pass')
		expect(compared(10, 0).status).toBe('fail')
		expect(compared(10, 0.05).status).toBe('pass')
		expect(compared(12, 0.05)).toMatchObject({ status: 'fail', comparison: { onlyNow: 0, level: 0.05 } })
	})
})
