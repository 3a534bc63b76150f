/** Transfers a change of a model's input pixels back to the original picture. */

import { at } from '../core/at.js'
import type { DecodedImage } from './decoded-image.js'
import { type Preparation, preparedPlace } from './preprocess.js'

/** A picture with a change in it. */
export interface PastedChange {
	/** Picture of the original size. */
	readonly image: DecodedImage
	/** The largest change of a level, of 255. */
	readonly largest: number
	/** Share of the picture's pixels that the model sees, and that may have changed. */
	readonly covered: number
}

/**
 * Adds a change to a picture at its full size: every pixel takes the change of the model pixel that covers it, rounded to
 * whole levels, so that no level changes by more than the largest given change. Preprocessing the result reproduces the
 * change only approximately, unless it does not resize.
 * @param change [3, height, width] of the prepared image, in units of pixels in [0, 1].
 */
export function pastedChange(image: DecodedImage, preparation: Preparation, change: Float32Array): PastedChange {
	const { width, height } = image
	const { resized, left, top, crop } = preparedPlace(image, preparation)
	const columns = sources(width, resized.width, left, crop.width)
	const rows = sources(height, resized.height, top, crop.height)
	const rgb = image.rgb.slice()
	const area = crop.width * crop.height
	let largest = 0
	for (const [y, row] of rows.entries()) {
		if (row === undefined) continue
		for (const [x, column] of columns.entries()) {
			if (column === undefined) continue
			for (let channel = 0; channel < 3; channel++) {
				const index = (y * width + x) * 3 + channel
				const before = at(image.rgb, index)
				const wanted = before + Math.round(255 * at(change, channel * area + row * crop.width + column))
				const level = Math.min(255, Math.max(0, wanted))
				largest = Math.max(largest, Math.abs(level - before))
				rgb[index] = level
			}
		}
	}
	const inside = (places: readonly (number | undefined)[]) => places.filter((place) => place !== undefined).length
	return {
		image: { width, height, rgb },
		largest,
		covered: (inside(columns) * inside(rows)) / (width * height),
	}
}

/** For each pixel of the picture, the crop pixel that contains its centre; undefined outside the crop. */
function sources(length: number, resized: number, start: number, cropped: number): (number | undefined)[] {
	return Array.from({ length }, (_, pixel) => {
		const place = Math.floor(((pixel + 0.5) * resized) / length - start)
		return place >= 0 && place < cropped ? place : undefined
	})
}
