import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { unitPixels } from './pixels.js'
import { type Preparation, preprocess, resizedSize } from './preprocess.js'

const { cases } = JSON.parse(
	await readFile(new URL('../../fixtures/images/preprocess.json', import.meta.url), 'utf8'),
) as {
	cases: {
		width: number
		height: number
		rgb: string
		shortestEdge: number
		cropWidth: number
		cropHeight: number
		result: string
	}[]
}
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))
const preparation = (shortestEdge: number, width = shortestEdge, height = width): Preparation => ({
	doResize: true,
	resize: { kind: 'shortest-edge', shortestEdge },
	resample: 'bicubic',
	doCenterCrop: true,
	crop: { width, height },
})
const gradient = (width: number, height: number) => ({
	width,
	height,
	rgb: Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 5) % 256),
})

describe('preprocess', () => {
	it.each(cases)(
		'equals the reference for $height x $width, shorter edge $shortestEdge, crop $cropHeight x $cropWidth',
		(one) => {
			const prepared = preprocess(
				{ width: one.width, height: one.height, rgb: bytes(one.rgb) },
				preparation(one.shortestEdge, one.cropWidth, one.cropHeight),
			)
			const expected = { width: one.cropWidth, height: one.cropHeight, rgb: bytes(one.result) }
			expect(prepared).toEqual({ width: one.cropWidth, height: one.cropHeight, pixels: unitPixels(expected) })
		},
	)

	it('divides bytes by 255 in float32 and puts channels first', () => {
		const rgb = Uint8Array.of(0, 1, 2, 127, 128, 255)
		const { pixels } = preprocess(
			{ width: 2, height: 1, rgb },
			{ ...preparation(1), doResize: false, doCenterCrop: false },
		)
		expect([...pixels]).toEqual([0, 127, 1, 128, 2, 255].map((level) => Math.fround(level / 255)))
	})

	it('takes a picture of 30,000 x 1 and one of 1 x 1', () => {
		const wide = preprocess(gradient(30_000, 1), preparation(224))
		expect(wide.pixels).toHaveLength(3 * 224 * 224)
		const { pixels } = preprocess({ width: 1, height: 1, rgb: Uint8Array.of(10, 20, 30) }, preparation(32))
		expect(new Set(pixels)).toEqual(new Set([10, 20, 30].map((level) => Math.fround(level / 255))))
	})

	it('resizes to an exact size without keeping the aspect, and only crops where that is asked', () => {
		const exact = preprocess(gradient(20, 10), {
			...preparation(0, 0),
			resize: { kind: 'exact', width: 8, height: 6 },
			doCenterCrop: false,
		})
		expect([exact.width, exact.height, exact.pixels.length]).toEqual([8, 6, 144])
		const cropped = preprocess(gradient(20, 10), { ...preparation(0, 4), doResize: false })
		const source = unitPixels(gradient(20, 10))
		expect(cropped.pixels[0]).toBe(source[3 * 20 + 8])
	})

	it('refuses a result of unreasonable size', () => {
		expect(() => preprocess(gradient(30_000, 1), { ...preparation(224), doCenterCrop: false })).toThrow(NaptuneError)
	})
})

describe('resizedSize', () => {
	it.each([
		[375, 500, 224, 298],
		[500, 333, 336, 224],
		[300, 451, 224, 336],
	])('makes %d x %d (height by width) to %d x %d', (height, width, toHeight, toWidth) => {
		const size = resizedSize({ width, height }, { kind: 'shortest-edge', shortestEdge: 224 })
		expect(size).toEqual({ width: toWidth, height: toHeight })
	})
})
