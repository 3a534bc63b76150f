import { expect, it } from 'vitest'
import { generator } from '../random/counter-based.js'
import { randomResizedCrop } from './augment.js'
import { unitPixels, writeUnitPixels } from './pixels.js'
import { type Preparation, preprocess } from './preprocess.js'
import { isFixed, viewOf } from './view.js'

const preparation: Preparation = {
	doResize: true,
	resize: { kind: 'shortest-edge', shortestEdge: 16 },
	resample: 'bicubic',
	doCenterCrop: true,
	crop: { width: 16, height: 16 },
}
const prepared = { kind: 'prepared', size: 16, preparation } as const
const stream = generator(3, 'picture')
const picture = { width: 30, height: 21, rgb: Uint8Array.from({ length: 30 * 21 * 3 }, () => stream.below(256)) }

it('is what the preparation and the augmentation make', () => {
	expect(unitPixels(viewOf(picture, prepared))).toEqual(preprocess(picture, preparation).pixels)
	const crop = viewOf(picture, { kind: 'random-resized-crop', size: 16, stream: [5, 'crop', 2] })
	expect(unitPixels(crop)).toEqual(randomResizedCrop(picture, { size: 16 }, generator(5, 'crop', 2)))
	expect(isFixed(prepared)).toBe(true)
	expect(isFixed({ kind: 'crop-and-flip', prepared, stream: [1] })).toBe(false)
})

it('is the same after a trip through JSON', () => {
	const view = { kind: 'crop-and-flip', prepared, stream: [5, 'a'] } as const
	expect(viewOf(picture, JSON.parse(JSON.stringify(view)))).toEqual(viewOf(picture, view))
})

it('has to have its size', () => {
	expect(() => viewOf(picture, { ...prepared, size: 17 })).toThrow(
		'makes images of 16 x 16 pixels, but config.json expects 17 x 17',
	)
})

it('writes pixels where they belong', () => {
	const target = new Float32Array(3 * 16 * 16 + 1).fill(7)
	writeUnitPixels(viewOf(picture, prepared), target)
	expect(target.subarray(0, -1)).toEqual(preprocess(picture, preparation).pixels)
	expect(target.at(-1)).toBe(7)
})
