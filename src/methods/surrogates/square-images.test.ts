import { describe, expect, it } from 'vitest'
import type { Split } from '../../data/dataset.js'
import { squared, squareImages } from './square-images.js'

/** Left half black, middle grey, right edge white. */
const wide = {
	width: 6,
	height: 2,
	rgb: Uint8Array.from({ length: 36 }, (_, at) => [0, 0, 90, 90, 255, 255][Math.floor(at / 3) % 6]!),
}

function splitOf(rgb: readonly Uint8Array[], labels: readonly number[] = rgb.map(() => 0)): Split {
	return {
		length: rgb.length,
		label: (index) => labels[index]!,
		id: (index) => `image/${index}`,
		image: async (index) => ({ width: 2, height: 2, rgb: rgb[index]! }),
	}
}

describe('square images', () => {
	it('are the middle of the picture, or all of it', () => {
		expect([...squared(wide, 2, 'crop').rgb]).toEqual(Array.from({ length: 12 }, () => 90))
		const exact = squared(wide, 2, 'exact')
		expect([exact.width, exact.height]).toEqual([2, 2])
		expect(exact.rgb[0]).toBeLessThan(90)
		expect(exact.rgb[3]).toBeGreaterThan(90)
		const own = { width: 2, height: 2, rgb: wide.rgb.slice(0, 12) }
		expect(squared(own, 2, 'crop')).toBe(own)
	})

	it('have the mean and deviation of each colour', async () => {
		const rgb = [Uint8Array.from({ length: 12 }, (_, at) => [51, 100, at < 6 ? 0 : 255][at % 3]!)]
		const { statistics } = await squareImages(splitOf(rgb), 2, 'crop')
		expect(statistics.mean[0]).toBeCloseTo(0.2, 12)
		expect(statistics.std[0], 'of a colour that does not vary').toBe(1)
		expect(statistics.mean[2]).toBeCloseTo(0.5, 12)
		expect(statistics.std[2]).toBeCloseTo(0.5, 12)
	})

	it('are told apart by pixels and labels', async () => {
		const rgb = [new Uint8Array(12), new Uint8Array(12).fill(9)]
		const hash = async (split: Split) => (await squareImages(split, 2, 'crop')).sha256
		const own = await hash(splitOf(rgb))
		expect(await hash(splitOf(rgb.map((pixels) => pixels.slice())))).toBe(own)
		expect(await hash(splitOf([rgb[0]!, new Uint8Array(12).fill(8)]))).not.toBe(own)
		expect(await hash(splitOf(rgb, [0, 1]))).not.toBe(own)
	})
})
