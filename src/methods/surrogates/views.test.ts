import { describe, expect, it } from 'vitest'
import { bilinearCrop } from '../../images/bilinear-crop.js'
import { gaussianBlur } from '../../images/blur.js'
import { jitterColours, makeGrey } from '../../images/colour-jitter.js'
import { generator } from '../../random/counter-based.js'
import { adversarialView, cleanView } from './views.js'

const size = 8
const stream = generator(1, 'views')
const picture = Float32Array.from({ length: 3 * size * size }, () => stream.uniform())
const bytes = { width: 11, height: 9, rgb: Uint8Array.from({ length: 297 }, () => stream.below(256)) }
const inBox = (pixels: Float32Array) => pixels.every((value) => value >= 0 && value <= 1)

describe('views', () => {
	it('are pictures of the size, and depend on their stream alone', () => {
		for (let seed = 0; seed < 30; seed++) {
			const clean = cleanView(bytes, size, generator(seed))
			const strong = adversarialView(picture, size, 1, generator(seed))
			for (const view of [clean, strong]) expect([view.length, inBox(view)]).toEqual([picture.length, true])
			expect(cleanView(bytes, size, generator(seed))).toEqual(clean)
			expect(adversarialView(picture, size, 1, generator(seed))).toEqual(strong)
			expect(strong).not.toEqual(picture)
		}
	})

	it('are the picture itself at strength 0, mostly at 0.1, and leave it alone', () => {
		const before = picture.slice()
		expect(adversarialView(picture, size, 0, generator(1))).toEqual(picture)
		const weak = Array.from({ length: 200 }, (_, seed) => adversarialView(picture, size, 0.1, generator(seed)))
		const unchanged = weak.filter((view) => view.every((value, at) => value === picture[at])).length / 200
		// 0.9 · 0.95 · 0.92 · 0.98 · 0.95
		expect(Math.abs(unchanged - 0.732)).toBeLessThan(0.1)
		expect(picture).toEqual(before)
	})
})

describe('colours', () => {
	it('are the same without jitter, and after a whole turn of hue', () => {
		for (const hue of [0, 1]) {
			const pixels = picture.slice()
			const still = { ...generator(1), uniform: () => 1 }
			jitterColours(pixels, { brightness: 0, contrast: 0, saturation: 0, hue }, still)
			pixels.forEach((value, at) => {
				expect(value).toBeCloseTo(picture[at]!, 6)
			})
		}
	})

	it('go from red to green by a third of a turn', () => {
		const red = Float32Array.of(0.9, 0.1, 0.1)
		const still = { ...generator(1), uniform: () => 1 }
		jitterColours(red, { brightness: 0, contrast: 0, saturation: 0, hue: 1 / 3 }, still)
		expect([...red].map((value) => Number(value.toFixed(5)))).toEqual([0.1, 0.9, 0.1])
	})

	it('become grey', () => {
		const pixels = Float32Array.of(1, 0.5, 0.25)
		makeGrey(pixels)
		expect(new Set(pixels).size).toBe(1)
		expect(pixels[0]).toBeCloseTo(0.299 + 0.587 * 0.5 + 0.114 * 0.25, 6)
	})
})

it('blurs with weights that sum to one, mirrored at the border', () => {
	const flat = new Float32Array(3 * size * size).fill(0.3)
	for (const value of gaussianBlur(flat, size, 5, 1)) expect(value).toBeCloseTo(0.3, 6)
	const point = new Float32Array(3 * size * size)
	point[3 * size + 3] = 1
	const blurred = gaussianBlur(point, size, 3, 1)
	const edge = Math.exp(-0.5) / (1 + 2 * Math.exp(-0.5))
	expect(blurred[3 * size + 4]).toBeCloseTo(edge * (1 - 2 * edge), 6)
})

it('crops a whole picture at its own size as it is, and interpolates between', () => {
	expect(bilinearCrop(picture, size, { left: 0, top: 0, width: size, height: size }, size)).toEqual(picture)
	const ramp = Float32Array.of(0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1)
	const crop = bilinearCrop(ramp, 2, { left: 0, top: 0, width: 2, height: 2 }, 4)
	expect([...crop.subarray(0, 4)]).toEqual([0, 0.25, 0.75, 1])
})
