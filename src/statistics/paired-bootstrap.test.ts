import { expect, test } from 'vitest'
import { generator } from '../random/counter-based.js'
import { pairedBootstrap } from './paired-bootstrap.js'

const draws = () => generator(1, 'test')
const rights = (count: number, images: number) => Array.from({ length: images }, (_, image) => image < count)

test('is as wide as the normal approximation says for many images', () => {
	// 60 images only the first gets right, 20 only the second, of 400: mean 0.1, variance per image 0.2 - 0.01.
	const first = Array.from({ length: 400 }, (_, image) => image < 60)
	const second = Array.from({ length: 400 }, (_, image) => image >= 60 && image < 80)
	const { difference, interval } = pairedBootstrap([first], [second], { generator: draws() })
	const half = 1.96 * Math.sqrt(0.19 / 400)
	expect(difference).toBeCloseTo(0.1, 12)
	expect(interval[0]).toBeCloseTo(0.1 - half, 2)
	expect(interval[1]).toBeCloseTo(0.1 + half, 2)
})

test('is narrower than unpaired images would make it where both methods fail on the same ones', () => {
	const { interval } = pairedBootstrap([rights(50, 100)], [rights(48, 100)], { generator: draws() })
	expect(interval[1] - interval[0]).toBeLessThan(0.08)
})

test('averages the seeds of a method within an image, and pairs it with one of a single seed', () => {
	const { difference } = pairedBootstrap([rights(10, 20), rights(12, 20)], [rights(5, 20)], { generator: draws() })
	expect(difference).toBeCloseTo(0.3, 12)
})

test('is the same for the same generator, and a point where methods never differ', () => {
	const one = pairedBootstrap([rights(3, 9)], [rights(5, 9)], { generator: draws() })
	expect(pairedBootstrap([rights(3, 9)], [rights(5, 9)], { generator: draws() })).toEqual(one)
	expect(pairedBootstrap([rights(3, 9)], [rights(3, 9)], { generator: draws() }).interval).toEqual([0, 0])
})

test('refuses other images', () => {
	expect(() => pairedBootstrap([rights(1, 3)], [rights(1, 4)], { generator: draws() })).toThrow('got 3, 4')
	expect(() => pairedBootstrap([], [], { generator: draws() })).toThrow('same images')
})
