import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generator } from '../random/counter-based.js'
import type { Generator } from '../random/generator.js'
import { randomCropWithPadding, randomResizedCrop, randomWindow } from './augment.js'
import { crop, mirror, unitPixels } from './pixels.js'
import { resize } from './resize.js'

const scale = [0.08, 1] as const
const ratio = [3 / 4, 4 / 3] as const
const picture = (width: number, height: number) => ({
	width,
	height,
	rgb: Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 37 + 11) % 256),
})

/** Plays back fixed numbers, to put the choices of a window into a test's hands. */
function playback(uniforms: number[], wholes: number[] = []): Generator {
	const next = (from: number[]) => {
		const value = from.shift()
		if (value === undefined) throw new Error('more numbers were drawn than expected')
		return value
	}
	return { uint32: () => 0, normal: () => 0, uniform: () => next(uniforms), below: () => next(wholes) }
}

describe('randomWindow', () => {
	it('takes area and shape as torchvision does', () => {
		// Area 0.08 + 0.92 * 0.25 = 0.31 of 10,000; shape 1, so 55.68 pixels.
		expect(randomWindow({ width: 100, height: 100 }, scale, ratio, playback([0.25, 0.5], [3, 7]))).toEqual({
			top: 3,
			left: 7,
			width: 56,
			height: 56,
		})
	})

	it('falls back to the largest centred window after ten tries that do not fit', () => {
		const misfit = () => playback(Array.from({ length: 20 }, () => 0.999))
		expect(randomWindow({ width: 100, height: 30 }, scale, ratio, misfit())).toEqual({
			top: 0,
			left: 30,
			width: 40,
			height: 30,
		})
		expect(randomWindow({ width: 30, height: 100 }, scale, ratio, misfit())).toEqual({
			top: 30,
			left: 0,
			width: 30,
			height: 40,
		})
	})

	it('lies inside of the picture, whatever its size, and has an allowed area and shape where the picture is not thin', () => {
		const side = fc.integer({ min: 1, max: 400 })
		fc.assert(
			fc.property(side, side, fc.nat(), (width, height, seed) => {
				const window = randomWindow({ width, height }, scale, ratio, generator(seed))
				expect(window.left).toBeGreaterThanOrEqual(0)
				expect(window.top).toBeGreaterThanOrEqual(0)
				expect(Math.min(window.width, window.height)).toBeGreaterThanOrEqual(1)
				expect(window.left + window.width).toBeLessThanOrEqual(width)
				expect(window.top + window.height).toBeLessThanOrEqual(height)
				// Rounding to whole pixels moves each side by at most a half.
				expect(window.width - 0.5).toBeLessThanOrEqual((window.height + 0.5) * (4 / 3) + 1e-9)
				expect(window.height - 0.5).toBeLessThanOrEqual((window.width + 0.5) * (4 / 3) + 1e-9)
			}),
		)
	})
})

describe('randomResizedCrop', () => {
	it('is the resized window, mirrored half of the time', () => {
		const image = picture(50, 40)
		let flips = 0
		for (let seed = 0; seed < 60; seed++) {
			const window = randomWindow(image, scale, ratio, generator(seed))
			const view = resize(crop(image, window), { width: 8, height: 8 }, 'bicubic')
			const result = randomResizedCrop(image, { size: 8 }, generator(seed))
			const flipped = unitPixels(mirror(view))
			const isFlipped = result.every((value, at) => value === flipped[at])
			if (isFlipped) flips++
			else expect(result).toEqual(unitPixels(view))
		}
		expect(flips).toBeGreaterThan(15)
		expect(flips).toBeLessThan(45)
	})

	it('is the same for the same stream, and stays in [0, 1]', () => {
		const image = picture(33, 47)
		const once = randomResizedCrop(image, { size: 16 }, generator(1, 'view', 5))
		expect(randomResizedCrop(image, { size: 16 }, generator(1, 'view', 5))).toEqual(once)
		expect(randomResizedCrop(image, { size: 16 }, generator(1, 'view', 6))).not.toEqual(once)
		expect(once.every((value) => value >= 0 && value <= 1)).toBe(true)
	})

	it.each([
		[1, 1],
		[30_000, 1],
		[1, 3000],
	])('takes a picture of %d x %d', (width, height) => {
		const view = randomResizedCrop(picture(width, height), { size: 4 }, generator(2))
		expect(view).toHaveLength(48)
		expect(view.every((value) => value >= 0 && value <= 1)).toBe(true)
	})
})

describe('randomCropWithPadding', () => {
	it('shifts, mirrors and fills with black', () => {
		const image = picture(3, 3)
		const pixels = unitPixels(image)
		const target = new Float32Array(27).fill(9)
		// One row down, one column to the left, then mirrored.
		randomCropWithPadding(image.rgb, 3, playback([0.2], [2, 0]), target, { padding: 1 })
		const expected = new Float32Array(27)
		for (let channel = 0; channel < 3; channel++) {
			for (let y = 0; y < 2; y++) {
				for (let x = 0; x < 2; x++) expected[channel * 9 + y * 3 + 1 - x] = pixels[channel * 9 + (y + 1) * 3 + x]!
			}
		}
		expect(target).toEqual(expected)
	})

	it('is the picture itself without padding and flip', () => {
		const image = picture(5, 5)
		const target = new Float32Array(75)
		randomCropWithPadding(image.rgb, 5, generator(1), target, { padding: 0, flip: 0 })
		expect(target).toEqual(unitPixels(image))
	})
})
