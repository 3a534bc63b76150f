import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { loadCifar10Mini } from './cifar10-mini.js'
import { labelsOf, subset } from './dataset.js'
import { selectClasses, stratifiedPositions, stratifiedSubset } from './subsets.js'

const counts = (labels: readonly number[]) => {
	const result = new Map<number, number>()
	for (const label of labels) result.set(label, (result.get(label) ?? 0) + 1)
	return result
}

describe('stratifiedPositions', () => {
	const labels = fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 150 })

	it('takes the asked number, balanced as far as the classes go, in ascending order', () => {
		fc.assert(
			fc.property(labels, fc.nat(), fc.nat(), (all, wanted, seed) => {
				const count = 1 + (wanted % all.length)
				const positions = stratifiedPositions(all, count, seed)
				expect(positions).toHaveLength(count)
				expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b))
				const taken = counts(positions.map((at) => all[at]!))
				const most = Math.max(...taken.values())
				for (const [label, available] of counts(all)) {
					const own = taken.get(label) ?? 0
					expect(own === available || own >= most - 1).toBe(true)
				}
			}),
		)
	})

	it('contains the smaller choices of the same seed', () => {
		fc.assert(
			fc.property(labels, fc.nat(), fc.nat(), (all, wanted, seed) => {
				const count = 1 + (wanted % all.length)
				const larger = new Set(stratifiedPositions(all, all.length, seed))
				const middle = new Set(stratifiedPositions(all, count, seed))
				for (const at of stratifiedPositions(all, Math.ceil(count / 2), seed)) expect(middle.has(at)).toBe(true)
				expect(larger.size).toBe(all.length)
			}),
		)
	})

	it('depends on the seed', () => {
		const all = Array.from({ length: 100 }, (_, at) => at % 5)
		expect(stratifiedPositions(all, 20, 1)).toEqual(stratifiedPositions(all, 20, 1))
		expect(stratifiedPositions(all, 20, 1)).not.toEqual(stratifiedPositions(all, 20, 2))
	})

	it.each([0, 4, 1.5])('refuses to take %d of 3', (count) => {
		expect(() => stratifiedPositions([0, 1, 2], count, 1)).toThrow(NaptuneError)
	})
})

describe('stratifiedSubset', () => {
	it('keeps ids and images', async () => {
		const { test } = await loadCifar10Mini()
		const part = stratifiedSubset(test, 25, 3)
		const position = Array.from({ length: 1000 }, (_, at) => at).find((at) => test.id(at) === part.id(7))!
		expect(part.length).toBe(25)
		expect(part.label(7)).toBe(test.label(position))
		expect(await part.image(7)).toBe(await test.image(position))
		expect([...counts(labelsOf(part)).values()].every((count) => count === 2 || count === 3)).toBe(true)
	})
})

describe('selectClasses', () => {
	it('keeps the images of the classes and numbers them in the order given', async () => {
		const whole = await loadCifar10Mini()
		const part = selectClasses(whole, ['ship', 'cat'])
		expect(part.classNames).toEqual(['ship', 'cat'])
		expect([part.train.length, part.validation.length, part.test.length]).toEqual([200, 20, 200])
		const oldLabel = (id: string) =>
			whole.test.label(Array.from({ length: 1000 }, (_, at) => at).find((at) => whole.test.id(at) === id)!)
		for (const at of [0, 99, 100, 199]) {
			expect(whole.classNames[oldLabel(part.test.id(at))]).toBe(part.classNames[part.test.label(at)])
		}
		expect(part.origin).toMatchObject({ classes: ['ship', 'cat'] })
	})

	it.each([[['ship', 'boat']], [['ship']], [['ship', 'ship']], [[]]])('refuses %j', async (names) => {
		const whole = await loadCifar10Mini()
		expect(() => selectClasses(whole, names)).toThrow(NaptuneError)
	})
})

describe('subset', () => {
	it('refuses positions outside of the split', async () => {
		const { test } = await loadCifar10Mini()
		expect(() => subset(test, [1000])).toThrow(RangeError)
		expect(() => subset(test, [5]).label(1)).toThrow(RangeError)
	})
})
