import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import type { DecodedImage } from './decoded-image.js'
import type { Resample } from './resample-filters.js'
import { resize } from './resize.js'

interface Picture {
	readonly width: number
	readonly height: number
	readonly rgb: string
}
const { pictures, cases } = JSON.parse(
	await readFile(new URL('../../fixtures/images/resize.json', import.meta.url), 'utf8'),
) as { pictures: Picture[]; cases: (Picture & { picture: number; filter: Resample })[] }

const decoded = ({ width, height, rgb }: Picture): DecodedImage => ({
	width,
	height,
	rgb: new Uint8Array(Buffer.from(rgb, 'base64')),
})
const row = (values: readonly number[]): DecodedImage => ({
	width: values.length,
	height: 1,
	rgb: Uint8Array.from(values.flatMap((value) => [value, value, value])),
})
const levels = ({ rgb }: DecodedImage) => [...rgb].filter((_, at) => at % 3 === 0)

describe('resize', () => {
	it.each([
		[
			[0, 50, 100, 150, 200, 250, 255, 0],
			[27, 123, 234, 139],
		],
		[
			[0, 50, 100, 150, 200, 250, 255, 0],
			[45, 184, 174],
		],
		[
			[10, 200, 30, 255],
			[0, 109, 188, 40, 139, 255],
		],
	])('gives the golden bicubic row of %j', (from, to) => {
		expect(levels(resize(row(from), { width: to.length, height: 1 }, 'bicubic'))).toEqual(to)
	})

	it.each(['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const)(
		'equals Pillow bit for bit with the filter %s',
		(filter) => {
			const chosen = cases.filter((one) => one.filter === filter)
			expect(chosen).toHaveLength(36)
			for (const { picture, width, height, rgb } of chosen) {
				const result = resize(decoded(pictures[picture]!), { width, height }, filter)
				expect(Buffer.from(result.rgb).toString('base64')).toBe(rgb)
			}
		},
	)

	it('computes a part exactly as the same part of the whole', () => {
		const side = fc.integer({ min: 1, max: 24 })
		const filter = fc.constantFrom<Resample>('nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming')
		fc.assert(
			fc.property(
				side,
				side,
				side,
				side,
				filter,
				fc.array(fc.nat({ max: 2 ** 20 }), { minLength: 4, maxLength: 4 }),
				(fromWidth, fromHeight, toWidth, toHeight, resample, numbers) => {
					const rgb = Uint8Array.from({ length: fromWidth * fromHeight * 3 }, (_, at) => (at * 89 + numbers[0]!) % 256)
					const image = { width: fromWidth, height: fromHeight, rgb }
					const whole = resize(image, { width: toWidth, height: toHeight }, resample)
					const left = numbers[0]! % toWidth
					const top = numbers[1]! % toHeight
					const width = 1 + (numbers[2]! % (toWidth - left))
					const height = 1 + (numbers[3]! % (toHeight - top))
					const part = resize(image, { width: toWidth, height: toHeight }, resample, { left, top, width, height })
					for (let y = 0; y < height; y++) {
						const start = ((top + y) * toWidth + left) * 3
						expect(part.rgb.slice(y * width * 3, (y + 1) * width * 3)).toEqual(
							whole.rgb.slice(start, start + width * 3),
						)
					}
				},
			),
		)
	})

	it('leaves a picture of the right size alone', () => {
		const image = decoded(pictures[0]!)
		for (const filter of ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const) {
			expect(resize(image, image, filter).rgb).toEqual(image.rgb)
		}
	})

	it.each([
		[{ width: 0, height: 5 }, undefined],
		[{ width: 2.5, height: 5 }, undefined],
		[
			{ width: 5, height: 5 },
			{ left: 3, top: 0, width: 3, height: 1 },
		],
		[
			{ width: 5, height: 5 },
			{ left: -1, top: 0, width: 3, height: 1 },
		],
	])('refuses the size %j with the part %j', (size, window) => {
		expect(() => resize(row([1, 2, 3]), size, 'bicubic', window)).toThrow(NaptuneError)
	})
})
