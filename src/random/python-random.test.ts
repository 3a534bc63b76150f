import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { pythonRandom } from './python-random.js'

/** `range(n)`. */
const range = (n: number) => Array.from({ length: n }, (_, index) => index)
const words = (seed: number, count: number) => {
	const { uint32 } = pythonRandom(seed)
	return range(count).map(() => uint32())
}

describe('pythonRandom, against CPython', () => {
	it.each([
		[0, [3626764237, 1654615998, 3255389356]],
		[1, [577090037, 2444712010, 3639700191]],
		[2, [4106135923, 3707026329, 4070888059]],
		[3, [1022050301, 2545373330, 2337446730]],
		[2 ** 40 + 12345, [1332995613, 1500173691, 493462063]],
		[2 ** 53 - 1, [404802386, 2407860725, 957238923]],
	])('seed %d begins with the words %j', (seed, expected) => {
		expect(words(seed, 3)).toEqual(expected)
	})

	it('goes on correctly past several refills of its state', () => {
		const many = words(7, 2000)
		expect(many.at(-1)).toBe(2803521222)
		expect(many.reduce((sum, word) => sum + word, 0)).toBe(4170787962687)
	})

	it('random()', () => {
		const { random } = pythonRandom(1)
		expect([random(), random(), random()]).toEqual([0.13436424411240122, 0.8474337369372327, 0.763774618976614])
	})

	it('getrandbits, choice and randrange', () => {
		const { getrandbits, choice, randbelow } = pythonRandom(3)
		expect([1, 2, 5, 8, 17, 31, 32].map(getrandbits)).toEqual([0, 2, 17, 33, 48490, 1966976506, 2593816829])
		expect(choice(range(37))).toBe(30)
		expect([1, 2, 3, 64, 65, 2 ** 31, 2 ** 32 - 1].map(randbelow)).toEqual([0, 0, 1, 33, 29, 823534631, 4276262006])
	})

	it.each([
		[1, 25, [4, 18, 2, 8, 3, 15, 14, 19, 12, 6, 1, 7, 0, 17, 11, 9]],
		[1, 100, [17, 72, 97, 8, 32, 15, 63, 57, 60, 83, 48, 26, 12, 62, 3, 49]],
		[1, 218, [34, 145, 216, 205, 195, 16, 65, 30, 126, 194, 115, 120, 166, 97, 201, 53]],
		[2, 218, [217, 14, 23, 21, 92, 213, 43, 188, 207, 171, 78, 64, 155, 54, 9, 148]],
		[3, 218, [60, 151, 139, 33, 94, 154, 121, 160, 148, 16, 155, 3, 214, 120, 66, 141]],
	])('seed %d: sample(range(%d), 16)', (seed, n, expected) => {
		expect(pythonRandom(seed).sample(range(n), 16)).toEqual(expected)
	})

	// Both sides of every border between the two algorithms; the next word shows that as many words were drawn.
	it.each([
		[21, 5, 132, 3609267711],
		[22, 5, 228, 124576495],
		[85, 8, 1180, 3869338171],
		[86, 8, 1624, 2787324501],
		[277, 22, 34312, 3272444790],
		[278, 22, 30154, 596001514],
		[1045, 85, 1876851, 895429364],
		[1046, 85, 1876851, 895429364],
		[21, 6, 216, 3332716663],
		[277, 21, 29362, 3272444790],
		[10, 0, 0, 2675342405],
		[4, 4, 11, 3609267711],
	])('seed 5: sample(range(%d), %d)', (n, count, weighted, next) => {
		const random = pythonRandom(5)
		const drawn = random.sample(range(n), count)
		expect(drawn.reduce((sum, value, index) => sum + (index + 1) * value, 0)).toBe(weighted)
		expect(random.uint32()).toBe(next)
	})

	it('goes on from one sample to the next', () => {
		const random = pythonRandom(1)
		expect(random.sample(range(60), 16)).toEqual([8, 36, 54, 51, 48, 4, 16, 7, 31, 55, 28, 30, 41, 24, 13, 6])
		expect(random.sample(range(60), 16).slice(0, 5)).toEqual([31, 1, 57, 53, 24])
	})

	it('shuffle', () => {
		const ten = range(10)
		pythonRandom(1).shuffle(ten)
		expect(ten).toEqual([6, 8, 9, 7, 5, 3, 0, 4, 1, 2])
		const many = range(300)
		pythonRandom(11).shuffle(many)
		expect(many.slice(0, 8)).toEqual([261, 6, 55, 49, 106, 178, 28, 168])
		expect(many.reduce((sum, value, index) => sum + index * value, 0)).toBe(6757326)
	})
})

describe('pythonRandom', () => {
	it('samples without replacement', () => {
		fc.assert(
			fc.property(fc.nat(), fc.nat({ max: 300 }), fc.nat({ max: 300 }), (seed, n, wanted) => {
				const count = Math.min(n, wanted)
				const drawn = pythonRandom(seed).sample(range(n), count)
				expect(new Set(drawn).size).toBe(count)
				expect(drawn.every((value) => value >= 0 && value < n)).toBe(true)
			}),
		)
	})

	it('refuses impossible requests', () => {
		const random = pythonRandom(1)
		expect(() => random.sample([1, 2], 3)).toThrow(RangeError)
		expect(() => random.randbelow(0)).toThrow(RangeError)
		expect(() => random.getrandbits(33)).toThrow(RangeError)
		expect(() => pythonRandom(-1)).toThrow(NaptuneError)
		expect(() => pythonRandom(0.5)).toThrow(NaptuneError)
	})
})
