/** Running means and variances (Welford, 1962), in float64. */

import { float32, type Tensor } from '../core/tensor.js'

/** Mean and unbiased variance of every element over rows; both have the shape of a row. */
export interface Moments {
	readonly mean: Tensor<'float32'>
	readonly variance: Tensor<'float32'>
}

/** Means and variances of every element over the first axis of all added tensors. */
export interface MomentSums {
	/** @param rows Any number of rows, all of the same shape. */
	add(rows: Tensor<'float32'>): void
	/** Mean and unbiased variance of at least two rows. */
	moments(): Moments
}

/** Creates empty sums. */
export function momentSums(): MomentSums {
	let shape: readonly number[] = []
	let mean = new Float64Array()
	let squares = new Float64Array()
	let count = 0
	return {
		add(rows) {
			shape = rows.shape.slice(1)
			const size = rows.data.length / rows.shape[0]!
			if (count === 0) {
				mean = new Float64Array(size)
				squares = new Float64Array(size)
			}
			for (let start = 0; start < rows.data.length; start += size) {
				count++
				for (let at = 0; at < size; at++) {
					const value = rows.data[start + at]!
					const deviation = value - mean[at]!
					mean[at]! += deviation / count
					squares[at]! += deviation * (value - mean[at]!)
				}
			}
		},
		moments: () => ({
			mean: float32(shape, Float32Array.from(mean)),
			variance: float32(
				shape,
				Float32Array.from(squares, (value) => value / (count - 1)),
			),
		}),
	}
}
