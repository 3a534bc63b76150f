import { describe, expect, it } from 'vitest'
import { at } from '../core/at.js'
import { pastedChange } from './paste.js'
import { type Preparation, preprocess } from './preprocess.js'

const grey = (width: number, height: number, level = 128) => ({
	width,
	height,
	rgb: new Uint8Array(3 * width * height).fill(level),
})
const preparation = (edge: number, side: number): Preparation => ({
	doResize: true,
	resize: { kind: 'shortest-edge', shortestEdge: edge },
	resample: 'bicubic',
	doCenterCrop: true,
	crop: { width: side, height: side },
})
/** Three levels up or down in a chequered pattern. */
const pattern = (side: number) =>
	Float32Array.from({ length: 3 * side * side }, (_, index) => ((index + Math.floor(index / side)) % 2 ? 3 : -3) / 255)

describe('a change that is pasted back', () => {
	it('is the same again where nothing is resized, and nothing changes outside of the crop', () => {
		const photo = grey(12, 10)
		const prepared = preparation(10, 8)
		const { image, largest, covered } = pastedChange(photo, prepared, pattern(8))
		const [before, after] = [preprocess(photo, prepared).pixels, preprocess(image, prepared).pixels]
		for (const [index, change] of pattern(8).entries()) {
			expect(at(after, index) - at(before, index)).toBeCloseTo(change, 6)
		}
		expect(largest).toBe(3)
		expect(covered).toBeCloseTo(64 / 120, 10)
		const changed = image.rgb.filter((level) => level !== 128).length
		expect(changed).toBe(3 * 64)
		expect(photo.rgb.every((level) => level === 128)).toBe(true)
	})

	it('reaches a large photo, by no more than it was, and comes back weaker', () => {
		const photo = grey(160, 120)
		const prepared = preparation(20, 16)
		const { image, largest } = pastedChange(photo, prepared, pattern(16))
		expect(largest).toBe(3)
		expect(image.rgb.every((level) => Math.abs(level - 128) <= 3)).toBe(true)
		const [before, after] = [preprocess(photo, prepared).pixels, preprocess(image, prepared).pixels]
		const moved = pattern(16).map((change, index) => Math.sign(change) * (at(after, index) - at(before, index)))
		// The finest pattern there is: every pixel moves the right way, by a third of what it was to move.
		expect(255 * Math.min(...moved)).toBeGreaterThan(0.9)
		expect(255 * Math.max(...moved)).toBeLessThan(3)
	})

	it('stays within the levels of a picture, fits a small one, and leaves what was filled up', () => {
		const white = pastedChange(grey(40, 40, 255), preparation(20, 16), pattern(16))
		expect(white.image.rgb.every((level) => level >= 252)).toBe(true)
		expect(pastedChange(grey(5, 5), preparation(20, 16), pattern(16)).image.rgb).toHaveLength(75)
		const filled = pastedChange(grey(10, 10), preparation(10, 16), pattern(16))
		expect(filled.covered).toBe(1)
		expect(filled.image.rgb.every((level) => level !== 128)).toBe(true)
	})
})
