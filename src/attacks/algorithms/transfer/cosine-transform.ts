/** The discrete cosine transform of images (type II, orthonormal) and its inverse, in float64. */

import { missing } from '../../../core/at.js'

/** The transform of lines with one length, in place. */
interface LineTransform {
	/** X_k = Σ_j x_j cos(π (j + 1/2) k / n). */
	forward(line: Float64Array): void
	/** Its transpose: x_j = Σ_k X_k cos(π (j + 1/2) k / n). */
	transpose(line: Float64Array): void
}

/** The transform of planes with one size, row-major, in place. Not reentrant. */
export interface CosineTransform {
	forward(plane: Float64Array): void
	inverse(plane: Float64Array): void
}

/**
 * The orthonormal type-II transform along both axes of planes [height, width]; even lengths are halved as often as possible
 * (Lee, "A New Algorithm to Compute the Discrete Cosine Transform", 1984), and the remaining odd length is summed directly.
 */
export function cosineTransform(height: number, width: number): CosineTransform {
	const columns = lineTransform(height)
	const rows = lineTransform(width)
	const column = new Float64Array(height)
	const alongRows = (plane: Float64Array, apply: (line: Float64Array) => void) => {
		for (let y = 0; y < height; y++) apply(plane.subarray(y * width, (y + 1) * width))
	}
	const alongColumns = (plane: Float64Array, apply: (line: Float64Array) => void) => {
		for (let x = 0; x < width; x++) {
			for (let y = 0; y < height; y++) column[y] = plane[y * width + x] ?? missing
			apply(column)
			for (let y = 0; y < height; y++) plane[y * width + x] = column[y] ?? missing
		}
	}
	const forward = (transform: LineTransform) => (line: Float64Array) => {
		transform.forward(line)
		scale(line)
	}
	const inverse = (transform: LineTransform) => (line: Float64Array) => {
		scale(line)
		transform.transpose(line)
	}
	return {
		forward(plane) {
			alongRows(plane, forward(rows))
			alongColumns(plane, forward(columns))
		},
		inverse(plane) {
			alongColumns(plane, inverse(columns))
			alongRows(plane, inverse(rows))
		},
	}
}

/** Makes the transform orthonormal. */
function scale(line: Float64Array): void {
	const other = Math.sqrt(2 / line.length)
	line[0] = (line[0] ?? missing) * Math.sqrt(1 / line.length)
	for (let k = 1; k < line.length; k++) line[k] = (line[k] ?? missing) * other
}

function lineTransform(length: number): LineTransform {
	return length % 2 === 0 ? halvedTransform(length) : directTransform(length)
}

/**
 * Even frequencies are the transform of x_j + x_(n-1-j); odd ones are sums of two neighbours in the transform of (x_j -
 * x_(n-1-j)) / (2 cos(π (j + 1/2) / n)).
 */
function halvedTransform(length: number): LineTransform {
	const half = length / 2
	const inner = lineTransform(half)
	const divisors = Float64Array.from({ length: half }, (_, j) => 2 * Math.cos((Math.PI * (j + 0.5)) / length))
	const even = new Float64Array(half)
	const odd = new Float64Array(half)
	return {
		forward(line) {
			for (let j = 0; j < half; j++) {
				const a = line[j] ?? missing
				const b = line[length - 1 - j] ?? missing
				even[j] = a + b
				odd[j] = (a - b) / (divisors[j] ?? missing)
			}
			inner.forward(even)
			inner.forward(odd)
			for (let k = 0; k < half; k++) {
				line[2 * k] = even[k] ?? missing
				line[2 * k + 1] = (odd[k] ?? missing) + (k + 1 < half ? (odd[k + 1] ?? missing) : 0)
			}
		},
		transpose(line) {
			for (let k = 0; k < half; k++) {
				even[k] = line[2 * k] ?? missing
				odd[k] = (line[2 * k + 1] ?? missing) + (k > 0 ? (line[2 * k - 1] ?? missing) : 0)
			}
			inner.transpose(even)
			inner.transpose(odd)
			for (let j = 0; j < half; j++) {
				const difference = (odd[j] ?? missing) / (divisors[j] ?? missing)
				const sum = even[j] ?? missing
				line[j] = sum + difference
				line[length - 1 - j] = sum - difference
			}
		},
	}
}

function directTransform(length: number): LineTransform {
	// [k, j]; reducing the argument to one period keeps precision for large products.
	const cosines = Float64Array.from({ length: length * length }, (_, at) => {
		const [k, j] = [Math.floor(at / length), at % length]
		return Math.cos((Math.PI * (((2 * j + 1) * k) % (4 * length))) / (2 * length))
	})
	const copy = new Float64Array(length)
	return {
		forward(line) {
			copy.set(line)
			for (let k = 0; k < length; k++) {
				let sum = 0
				for (let j = 0; j < length; j++) sum += (cosines[k * length + j] ?? missing) * (copy[j] ?? missing)
				line[k] = sum
			}
		},
		transpose(line) {
			copy.set(line)
			line.fill(0)
			for (let k = 0; k < length; k++) {
				const value = copy[k] ?? missing
				for (let j = 0; j < length; j++) {
					line[j] = (line[j] ?? missing) + (cosines[k * length + j] ?? missing) * value
				}
			}
		},
	}
}
