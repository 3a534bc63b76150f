/**
 * Pillow's `Image.resize`, bit for bit (python-pillow/Pillow, `src/libImaging/Resample.c` and `Geometry.c`): weights in
 * 22-bit fixed point, along the rows first, rounded to 8 bits in between, antialiased when scaling down.
 *
 * Since version 12.3 (for very tall pictures) and 13.0, Pillow works along the columns first if the height shrinks much more
 * than the width, which changes levels. Published numbers come from earlier versions, so we keep their order; if the aspect
 * ratio is preserved, as in evaluation, all versions agree.
 */

import { NaptuneError } from '../core/errors.js'
import type { DecodedImage } from './decoded-image.js'
import { type Filter, filters, type Resample } from './resample-filters.js'
import { resampleTaps } from './resample-taps.js'

/** Whole pixels. */
export interface Size {
	readonly width: number
	readonly height: number
}

/** A part of a picture in whole pixels. */
export interface Window extends Size {
	readonly left: number
	readonly top: number
}

const precisionBits = 22

/**
 * Resizes a picture as Pillow's `image.resize((width, height), resample)` does.
 * @param size Width and height of the whole result, at least 1.
 * @param window The part of the result to compute; everything by default. Its pixels do not depend on it.
 * @throws NaptuneError for sizes that are not positive whole numbers, or a window outside the result.
 */
export function resize(
	image: DecodedImage,
	size: Size,
	resample: Resample,
	window: Window = { left: 0, top: 0, ...size },
): DecodedImage {
	const { left, top, width, height } = window
	const whole = [size.width, size.height, width, height].every((value) => Number.isSafeInteger(value) && value > 0)
	if (!whole || !inside(left, width, size.width) || !inside(top, height, size.height)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`Cannot resize to ${size.width} x ${size.height} and cut out ${width} x ${height} at ${left}, ${top}; expected whole numbers of at least 1 and a part inside the result.`,
		)
	}
	if (resample === 'nearest') return nearest(image, size, window)
	const filter = filters[resample]
	const columns = windowWeights(image.width, size.width, left, width, filter)
	const rows = windowWeights(image.height, size.height, top, height, filter)
	return { width, height, rgb: resampleRows(resampleColumns(image, columns, rows), rows, width) }
}

function inside(start: number, length: number, total: number): boolean {
	return Number.isSafeInteger(start) && start >= 0 && start + length <= total
}

/** For each output position: the first input position, how many, and their weights in 22-bit fixed point. */
interface Weights {
	readonly first: Int32Array
	readonly count: Int32Array
	/** `stride` numbers per output position, of which `count` are used. */
	readonly weights: Int32Array
	readonly stride: number
}

function windowWeights(from: number, to: number, start: number, length: number, filter: Filter): Weights {
	const taps = Array.from({ length }, (_, at) => resampleTaps(from, to, start + at, filter))
	const stride = Math.max(...taps.map(({ weights }) => weights.length))
	const fixed = new Int32Array(length * stride)
	for (const [at, { weights }] of taps.entries()) {
		for (const [tap, weight] of weights.entries()) {
			const value = weight * (1 << precisionBits)
			fixed[at * stride + tap] = value < 0 ? Math.trunc(value - 0.5) : Math.trunc(value + 0.5)
		}
	}
	return {
		first: Int32Array.from(taps, ({ first }) => first),
		count: Int32Array.from(taps, ({ weights }) => weights.length),
		weights: fixed,
		stride,
	}
}

/** First pass. Only the rows that the second pass reads are computed. @returns bytes, and the input row they start at. */
function resampleColumns({ width, rgb }: DecodedImage, columns: Weights, rows: Weights) {
	const firstRow = rows.first[0]!
	const last = rows.first.length - 1
	const height = rows.first[last]! + rows.count[last]! - firstRow
	const outputWidth = columns.first.length
	const bytes = new Uint8ClampedArray(outputWidth * height * 3)
	for (let row = 0; row < height; row++) {
		const line = (firstRow + row) * width
		for (let column = 0; column < outputWidth; column++) {
			let source = (line + columns.first[column]!) * 3
			const base = column * columns.stride
			let red = 1 << (precisionBits - 1)
			let green = red
			let blue = red
			for (let tap = base; tap < base + columns.count[column]!; tap++) {
				const weight = columns.weights[tap]!
				red += rgb[source++]! * weight
				green += rgb[source++]! * weight
				blue += rgb[source++]! * weight
			}
			const target = (row * outputWidth + column) * 3
			bytes[target] = red >> precisionBits
			bytes[target + 1] = green >> precisionBits
			bytes[target + 2] = blue >> precisionBits
		}
	}
	return { bytes, firstRow }
}

/** Second pass, over rows. */
function resampleRows(
	{ bytes, firstRow }: ReturnType<typeof resampleColumns>,
	rows: Weights,
	width: number,
): Uint8Array {
	const line = width * 3
	const output = new Uint8ClampedArray(rows.first.length * line)
	const sums = new Float64Array(line)
	for (let row = 0; row < rows.first.length; row++) {
		sums.fill(1 << (precisionBits - 1))
		for (let tap = 0; tap < rows.count[row]!; tap++) {
			const weight = rows.weights[row * rows.stride + tap]!
			const source = (rows.first[row]! - firstRow + tap) * line
			for (let at = 0; at < line; at++) sums[at]! += bytes[source + at]! * weight
		}
		for (let at = 0; at < line; at++) output[row * line + at] = sums[at]! >> precisionBits
	}
	return new Uint8Array(output.buffer)
}

function nearest({ width, height, rgb }: DecodedImage, size: Size, window: Window): DecodedImage {
	const columns = nearestPositions(width, size.width, window.left, window.width)
	const rows = nearestPositions(height, size.height, window.top, window.height)
	const output = new Uint8Array(window.width * window.height * 3)
	let target = 0
	for (const row of rows) {
		for (const column of columns) {
			const source = (row * width + column) * 3
			output[target++] = rgb[source]!
			output[target++] = rgb[source + 1]!
			output[target++] = rgb[source + 2]!
		}
	}
	return { width: window.width, height: window.height, rgb: output }
}

/** Adds up steps instead of multiplying, like Pillow, which matters for positions exactly between two pixels. */
function nearestPositions(from: number, to: number, start: number, length: number): Int32Array {
	const step = from / to
	const positions = new Int32Array(length)
	let position = step * 0.5
	for (let at = 0; at < start + length; at++) {
		if (at >= start) positions[at - start] = Math.min(Math.trunc(position), from - 1)
		position += step
	}
	return positions
}
