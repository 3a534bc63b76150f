/** Random resizing and padding of an image, and the transpose, which carries gradients back. */

import { missing } from '../../../core/at.js'
import type { Generator } from '../../../random/generator.js'

/** One draw: resize an image to [height, width], place it at (top, left) of [paddedHeight, paddedWidth], and resize it back. */
export interface DiverseInput {
	readonly height: number
	readonly width: number
	readonly top: number
	readonly left: number
	readonly paddedHeight: number
	readonly paddedWidth: number
}

/**
 * Draws one; undefined with the probability of leaving the image alone, or if the rate leaves no room. Draws in order:
 * whether, the size, the offset from the top, the offset from the left.
 * @param rate Side of the padded image as a multiple of the image's side, rounded down.
 */
export function drawDiverseInput(
	stream: Generator,
	[imageHeight, imageWidth]: readonly [number, number],
	{ probability, rate }: { readonly probability: number; readonly rate: number },
): DiverseInput | undefined {
	const [whether, size, top, left] = [stream.uniform(), stream.uniform(), stream.uniform(), stream.uniform()]
	const [paddedHeight, paddedWidth] = [Math.floor(imageHeight * rate), Math.floor(imageWidth * rate)]
	if (whether >= probability || paddedHeight === imageHeight || paddedWidth === imageWidth) return undefined
	const height = imageHeight + Math.floor(size * (paddedHeight - imageHeight))
	const width = imageWidth + Math.floor(size * (paddedWidth - imageWidth))
	return {
		height,
		width,
		top: Math.floor(top * (paddedHeight - height)),
		left: Math.floor(left * (paddedWidth - width)),
		paddedHeight,
		paddedWidth,
	}
}

/** A row of a linear map along one axis: two sources, and the weight of the second. */
interface Tap {
	readonly low: number
	readonly high: number
	readonly share: number
}

/** Bilinear between pixel centres, without antialiasing. */
function taps(length: number, target: number): Tap[] {
	return Array.from({ length: target }, (_, index) => {
		const exact = Math.max(0, ((index + 0.5) * length) / target - 0.5)
		const low = Math.min(length - 1, Math.floor(exact))
		return { low, high: Math.min(low + 1, length - 1), share: exact - low }
	})
}

/** The whole map along one axis as a matrix [length, length]: resize, pad, resize back. */
function axis(length: number, size: number, place: number, padded: number): Float64Array {
	const [inner, outer] = [taps(length, size), taps(padded, length)]
	const matrix = new Float64Array(length * length)
	const add = (row: number, position: number, weight: number) => {
		const tap = inner[position - place]
		if (!tap || weight === 0) return
		for (const [source, part] of [
			[tap.low, 1 - tap.share],
			[tap.high, tap.share],
		] as const) {
			const index = row * length + source
			matrix[index] = (matrix[index] ?? missing) + weight * part
		}
	}
	for (const [row, { low, high, share }] of outer.entries()) {
		add(row, low, 1 - share)
		add(row, high, share)
	}
	return matrix
}

/**
 * Applies a draw, or its transpose, to every plane.
 * @param planes [..., height, width] of one image.
 */
export function diverseInput(
	planes: ArrayLike<number>,
	[height, width]: readonly [number, number],
	draw: DiverseInput,
	transposed = false,
): Float64Array {
	const down = axis(height, draw.height, draw.top, draw.paddedHeight)
	const across = axis(width, draw.width, draw.left, draw.paddedWidth)
	const weight = (matrix: Float64Array, length: number, to: number, from: number) =>
		matrix[transposed ? from * length + to : to * length + from] ?? missing
	const result = new Float64Array(planes.length)
	const middle = new Float64Array(height * width)
	for (let start = 0; start < planes.length; start += height * width) {
		middle.fill(0)
		for (let to = 0; to < height; to++) {
			for (let from = 0; from < height; from++) {
				const factor = weight(down, height, to, from)
				if (factor === 0) continue
				for (let column = 0; column < width; column++) {
					const index = to * width + column
					middle[index] = (middle[index] ?? missing) + factor * (planes[start + from * width + column] ?? missing)
				}
			}
		}
		for (let to = 0; to < width; to++) {
			for (let from = 0; from < width; from++) {
				const factor = weight(across, width, to, from)
				if (factor === 0) continue
				for (let row = 0; row < height; row++) {
					const index = start + row * width + to
					result[index] = (result[index] ?? missing) + factor * (middle[row * width + from] ?? missing)
				}
			}
		}
	}
	return result
}
