import { describe, expect, it } from 'vitest'
import { range } from '../../core/rows.js'
import { compareAttacks } from './compare-attacks.js'

/** 100 images, of which these are right. */
const right = (...rows: readonly number[]) => range(0, 100).map((row) => rows.includes(row))

describe('compareAttacks', () => {
	it('passes where the stronger attack leaves no more right, or one image more', () => {
		expect(compareAttacks(right(1), right(1, 2, 3))).toMatchObject({ status: 'pass', stronger: 0.01, weaker: 0.03 })
		expect(compareAttacks(right(1, 2), right(2))).toMatchObject({ status: 'pass' })
		expect(compareAttacks(right(), right())).toMatchObject({ status: 'pass', measured: { p: 1 } })
	})

	it('warns of few images and fails where chance is unlikely', () => {
		const five = compareAttacks(right(...range(0, 5)), right())
		expect(five).toMatchObject({
			status: 'warn',
			measured: { brokenByWeakerOnly: 5, brokenByStrongerOnly: 0, p: expect.closeTo(1 / 16, 12) },
		})
		expect(compareAttacks(right(...range(0, 6)), right())).toMatchObject({
			status: 'fail',
			measured: { p: expect.closeTo(1 / 32, 12) },
		})
		// The same difference of accuracies among many images that differ in both directions.
		expect(compareAttacks(right(...range(0, 36)), right(...range(20, 50))).status).toBe('warn')
	})

	it('allows half a point of many images', () => {
		const many = (count: number) => range(0, 2000).map((row) => row < count)
		expect(compareAttacks(many(10), many(0)).status).toBe('pass')
		expect(compareAttacks(many(11), many(0)).status).toBe('fail')
	})
})
