/** Resizes the images of a split to one square size, with their fingerprint and colour statistics. */

import { createHash } from 'node:crypto'
import { at } from '../../core/at.js'
import type { Split } from '../../data/dataset.js'
import type { DecodedImage } from '../../images/decode.js'
import { resizedSize } from '../../images/preprocess.js'
import { resize } from '../../images/resize.js'
import { roundHalfEven } from '../../images/round-half-even.js'
import type { PixelStatistics } from './network/network.js'

/** Images up to this many bytes in total stay decoded; more are decoded at every use. */
const mostBytes = 2 ** 30

/** `crop`: the shorter edge is resized and the middle cut out. `exact`: both edges are resized, whatever the shape. */
export type SquareMode = 'crop' | 'exact'

/** Square RGB images. */
export interface SquareImages {
	readonly length: number
	/** Height and width. */
	readonly size: number
	/** [size, size, 3], channels last, 0 to 255. */
	rgb(index: number): Promise<Uint8Array>
	id(index: number): string
	label(index: number): number
	/** SHA-256 of all ids, labels and pixels in order. */
	readonly sha256: string
	/** Statistics over all pixels, in units of [0, 1]; a constant colour has the deviation 1. */
	readonly statistics: PixelStatistics
}

/**
 * Reads all images once.
 * @param onImage Called after each image with the number read so far.
 * @throws NaptuneError for an image that cannot be read.
 */
export async function squareImages(
	split: Split,
	size: number,
	mode: SquareMode,
	onImage: (done: number) => void = () => {},
): Promise<SquareImages> {
	const bytes = 3 * size * size
	const kept: Uint8Array[] = []
	const keep = split.length * bytes <= mostBytes
	const hash = createHash('sha256')
	const [sums, squares] = [
		[0, 0, 0],
		[0, 0, 0],
	]
	const read = async (index: number) => squared(await split.image(index), size, mode).rgb
	for (let index = 0; index < split.length; index++) {
		const rgb = await read(index)
		hash.update(JSON.stringify([split.id(index), split.label(index)])).update(rgb)
		for (let value = 0; value < rgb.length; value++) {
			sums[value % 3]! += at(rgb, value)
			squares[value % 3]! += at(rgb, value) ** 2
		}
		if (keep) kept.push(rgb)
		onImage(index + 1)
	}
	const count = split.length * size * size
	const mean = sums.map((sum) => sum / count)
	const deviation = squares.map((sum, channel) => Math.sqrt(Math.max(0, sum / count - at(mean, channel) ** 2)))
	return {
		length: split.length,
		size,
		rgb: async (index) => kept[index] ?? read(index),
		id: split.id,
		label: split.label,
		sha256: hash.digest('hex'),
		statistics: {
			mean: mean.map((value) => value / 255),
			std: deviation.map((value) => (value > 0 ? value / 255 : 1)),
		},
	}
}

/** Resizes one image, bilinearly with antialiasing. */
export function squared(image: DecodedImage, size: number, mode: SquareMode): DecodedImage {
	if (image.width === size && image.height === size) return image
	if (mode === 'exact') return resize(image, { width: size, height: size }, 'bilinear')
	const whole = resizedSize(image, { kind: 'shortest-edge', shortestEdge: size })
	return resize(image, whole, 'bilinear', {
		left: roundHalfEven((whole.width - size) / 2),
		top: roundHalfEven((whole.height - size) / 2),
		width: size,
		height: size,
	})
}
