/** Loads views of a split's images as a batch of numbers. */

import { writeUnitPixels } from '../../images/pixels.js'
import { type ImageView, viewOf } from '../../images/view.js'
import type { Split } from '../dataset.js'

/**
 * Loads views of images. A split with a loader makes many at a time; any other decodes them in turn, so that only one
 * full-size picture is in memory.
 * @param positions Positions of the images in the split.
 * @param size Height and width of the views.
 * @param viewAt The view of the image at a position.
 * @returns [n, 3, size, size] in [0, 1].
 * @throws NaptuneError for the first image, in this order, that is unreadable or has no such view.
 */
export async function loadViews(
	split: Split,
	positions: readonly number[],
	size: number,
	viewAt: (position: number) => ImageView,
): Promise<Float32Array> {
	const area = 3 * size * size
	const pixels = new Float32Array(positions.length * area)
	const write = async (position: number, row: number) => {
		const view = viewAt(position)
		const picture = split.view ? await split.view(position, view) : viewOf(await split.image(position), view)
		writeUnitPixels(picture, pixels.subarray(row * area, (row + 1) * area))
	}
	if (!split.view) {
		for (const [row, position] of positions.entries()) await write(position, row)
		return pixels
	}
	for (const result of await Promise.allSettled(positions.map(write))) {
		if (result.status === 'rejected') throw result.reason
	}
	return pixels
}
