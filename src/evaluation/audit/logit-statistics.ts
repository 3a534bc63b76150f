/** Numbers of rows of logits, in float64. */

import { at } from '../../core/at.js'
import type { Tensor } from '../../core/tensor.js'

/** Cross entropy of every row of [n, C] with its label. */
export function crossEntropies(logits: Tensor<'float32'>, labels: readonly number[]): number[] {
	return labels.map((label, row) => {
		const values = rowOf(logits, row)
		const most = Math.max(...values)
		const total = values.reduce((sum, value) => sum + Math.exp(value - most), 0)
		return Math.log(total) + most - at(values, label)
	})
}

/** Per row, the largest logit of another class minus that of the label: above 0 if the label is not predicted. */
export function margins(logits: Tensor<'float32'>, labels: readonly number[]): number[] {
	return labels.map((label, row) => {
		const values = rowOf(logits, row)
		return (
			Math.max(...values.map((value, index) => (index === label ? Number.NEGATIVE_INFINITY : value))) -
			at(values, label)
		)
	})
}

/** Whether every row consists of numbers in [0, 1] that sum to 1, within 1e-5 as in AutoAttack's own check. */
export function areProbabilities(logits: Tensor<'float32'>): boolean {
	const tolerance = 1e-5
	return Array.from({ length: at(logits.shape, 0) }, (_, row) => rowOf(logits, row)).every((values) => {
		const sum = values.reduce((total, value) => total + value, 0)
		return values.every((value) => value > -tolerance && value < 1 + tolerance) && Math.abs(sum - 1) < tolerance
	})
}

/** The largest Euclidean distance between rows of two sets of logits, with each row scaled to unit length. */
export function largestDistance(a: Tensor<'float32'>, b: Tensor<'float32'>): number {
	return Math.max(
		...Array.from({ length: at(a.shape, 0) }, (_, row) => {
			const [first, second] = [unit(rowOf(a, row)), unit(rowOf(b, row))]
			return Math.hypot(...first.map((value, index) => value - at(second, index)))
		}),
	)
}

/** The median; for an even count the mean of the two middle numbers, for none NaN. */
export function median(values: readonly number[]): number {
	if (values.length === 0) return Number.NaN
	const sorted = [...values].sort((a, b) => a - b)
	const half = sorted.length >> 1
	return sorted.length % 2 === 1 ? at(sorted, half) : (at(sorted, half - 1) + at(sorted, half)) / 2
}

/** The mean of numbers. */
export function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length
}

function rowOf({ shape, data }: Tensor<'float32'>, row: number): number[] {
	const classes = at(shape, 1)
	return [...data.subarray(row * classes, (row + 1) * classes)]
}

function unit(values: readonly number[]): number[] {
	const length = Math.hypot(...values) + 1e-10
	return values.map((value) => value / length)
}
