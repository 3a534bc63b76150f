/** What was changed in the pixels that a model reads, carried back into the picture that they come from. */

import { at } from '../core/at.js'
import type { DecodedImage } from './decoded-image.js'
import { type Preparation, preparedPlace } from './preprocess.js'

/** A picture with a change in it. */
export interface PastedChange {
	/** Of the size of the picture before. */
	readonly image: DecodedImage
	/** The largest change of a level, of 255. */
	readonly largest: number
	/** Share of the picture's pixels that the model reads, and that may therefore have changed. */
	readonly covered: number
}

/**
 * Adds a change to a picture at its own size: every pixel of it takes the change of the pixel of the model that it falls
 * into, rounded to whole levels, so that no level changes by more than the largest change given. Preparing the result again
 * gives the change only approximately, unless the model resizes nothing.
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

/** By pixel of the picture: the pixel of the crop that its middle falls into; undefined outside of the crop. */
function sources(length: number, resized: number, start: number, cropped: number): (number | undefined)[] {
	return Array.from({ length }, (_, pixel) => {
		const place = Math.floor(((pixel + 0.5) * resized) / length - start)
		return place >= 0 && place < cropped ? place : undefined
	})
}
