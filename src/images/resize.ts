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

/**
 * First pass. Only the rows that the second pass reads are computed. Sums are those of Pillow in 32 bits: 255 times the
 * absolute weights of any filter stays below 2^31, so that whole-number arithmetic loses nothing and is several times faster
 * than that of doubles.
 * @returns bytes, and the input row they start at.
 */
function resampleColumns({ width, rgb }: DecodedImage, columns: Weights, rows: Weights) {
	const firstRow = rows.first[0]!
	const last = rows.first.length - 1
	const height = rows.first[last]! + rows.count[last]! - firstRow
	const { first, count, weights, stride } = columns
	const outputWidth = first.length
	const bytes = new Uint8ClampedArray(outputWidth * height * 3)
	const half = 1 << (precisionBits - 1)
	const [line, outputLine] = [width * 3, outputWidth * 3]
	// Two rows at a time share the weights and the counting; the last row of an odd number goes with itself.
	for (let row = 0; row < height; row += 2) {
		const next = row + 1 < height ? 1 : 0
		const start = (firstRow + row) * line
		const below = next * line
		let target = row * outputLine
		for (let column = 0; column < outputWidth; column++) {
			let source = start + first[column]! * 3
			const base = column * stride
			const end = base + count[column]!
			let [red, green, blue] = [half, half, half]
			let [redBelow, greenBelow, blueBelow] = [half, half, half]
			for (let tap = base; tap < end; tap++) {
				const weight = weights[tap]!
				const other = source + below
				red = (red + Math.imul(rgb[source]!, weight)) | 0
				green = (green + Math.imul(rgb[source + 1]!, weight)) | 0
				blue = (blue + Math.imul(rgb[source + 2]!, weight)) | 0
				redBelow = (redBelow + Math.imul(rgb[other]!, weight)) | 0
				greenBelow = (greenBelow + Math.imul(rgb[other + 1]!, weight)) | 0
				blueBelow = (blueBelow + Math.imul(rgb[other + 2]!, weight)) | 0
				source += 3
			}
			const targetBelow = target + next * outputLine
			bytes[targetBelow] = redBelow >> precisionBits
			bytes[targetBelow + 1] = greenBelow >> precisionBits
			bytes[targetBelow + 2] = blueBelow >> precisionBits
			bytes[target] = red >> precisionBits
			bytes[target + 1] = green >> precisionBits
			bytes[target + 2] = blue >> precisionBits
			target += 3
		}
	}
	return { bytes, firstRow }
}

/** Second pass, over rows. */
function resampleRows(
	{ bytes, firstRow }: ReturnType<typeof resampleColumns>,
	{ first, count, weights, stride }: Weights,
	width: number,
): Uint8Array {
	const line = width * 3
	const output = new Uint8ClampedArray(first.length * line)
	const half = 1 << (precisionBits - 1)
	const sums = new Int32Array(line)
	for (let row = 0; row < first.length; row++) {
		const base = row * stride
		const end = base + count[row]!
		let source = (first[row]! - firstRow) * line
		sums.fill(half)
		let tap = base
		// Four lines at a time: what is summed up is read and written once for them.
		for (; tap + 3 < end; tap += 4) {
			const [one, two] = [weights[tap]!, weights[tap + 1]!]
			const [three, four] = [weights[tap + 2]!, weights[tap + 3]!]
			for (let at = 0; at < line; at++) {
				const place = source + at
				const first = (sums[at]! + Math.imul(bytes[place]!, one)) | 0
				const second = (first + Math.imul(bytes[place + line]!, two)) | 0
				const third = (second + Math.imul(bytes[place + 2 * line]!, three)) | 0
				sums[at] = (third + Math.imul(bytes[place + 3 * line]!, four)) | 0
			}
			source += 4 * line
		}
		for (; tap < end; tap++) {
			const weight = weights[tap]!
			for (let at = 0; at < line; at++) sums[at] = sums[at]! + Math.imul(bytes[source + at]!, weight)
			source += line
		}
		const target = row * line
		for (let at = 0; at < line; at++) output[target + at] = sums[at]! >> precisionBits
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
