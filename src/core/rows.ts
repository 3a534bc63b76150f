/** Selects and joins rows of batches, for padding, restarts and partial batches. */

import { type ElementType, elementCount, type Tensor, type TensorDataMap } from './tensor.js'

/** Elements in one row: the product of all sizes except the first. */
export function rowSize({ shape }: Pick<Tensor, 'shape'>): number {
	return elementCount(shape.slice(1))
}

/** Copies these rows of the first axis, in this order, into a new tensor; rows may repeat. */
export function takeRows<T extends ElementType>(source: Tensor<T>, rows: readonly number[]): Tensor<T> {
	const size = rowSize(source)
	const data = source.data as Float32Array
	const taken = new (data.constructor as Float32ArrayConstructor)(rows.length * size)
	rows.forEach((row, at) => {
		taken.set(data.subarray(row * size, (row + 1) * size), at * size)
	})
	return { type: source.type, shape: [rows.length, ...source.shape.slice(1)], data: taken as TensorDataMap[T] }
}

/** Concatenates tensors of one type and row shape along the first axis. */
export function joinRows<T extends ElementType>(parts: readonly Tensor<T>[]): Tensor<T> {
	const [first, ...others] = parts
	if (!first) throw new RangeError('No rows to join.')
	if (others.length === 0) return first
	const count = parts.reduce((total, { shape }) => total + shape[0]!, 0)
	const joined = new ((first.data as Float32Array).constructor as Float32ArrayConstructor)(count * rowSize(first))
	let at = 0
	for (const { data } of parts) {
		joined.set(data as Float32Array, at)
		at += data.length
	}
	return { type: first.type, shape: [count, ...first.shape.slice(1)], data: joined as TensorDataMap[T] }
}

/** The integers from `start` to `end` - 1. */
export function range(start: number, end: number): number[] {
	return Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index)
}
