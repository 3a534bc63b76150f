/** Tensors with data: constants, and inputs and outputs of programs. */

import { NaptuneError } from './errors.js'

/** Element types of the graph language, named as in onnxruntime-common. */
export type ElementType = 'float32' | 'float64' | 'int64' | 'int32' | 'bool'

/** The typed array that stores elements of each type. */
export interface TensorDataMap {
	float32: Float32Array
	float64: Float64Array
	int64: BigInt64Array
	int32: Int32Array
	bool: Uint8Array
}

/** Storage of any tensor. */
export type TensorData = TensorDataMap[ElementType]

/** A dense row-major tensor. `data.length` equals the product of `shape`. */
export interface Tensor<T extends ElementType = ElementType> {
	readonly type: T
	readonly shape: readonly number[]
	readonly data: TensorDataMap[T]
}

/** Bytes of one element. */
export const elementBytes: Readonly<Record<ElementType, number>> = {
	float32: 4,
	float64: 8,
	int64: 8,
	int32: 4,
	bool: 1,
}

/** Number of elements in a concrete shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
	return shape.reduce((product, dimension) => product * dimension, 1)
}

/**
 * Wraps existing storage in a tensor, without a copy.
 * @throws NaptuneError for sizes that are not whole numbers, or for storage with a different number of elements.
 */
export function tensor<T extends ElementType>(type: T, shape: readonly number[], data: TensorDataMap[T]): Tensor<T> {
	if (shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`A tensor's sizes must be whole numbers of at least 0; got [${shape.join(', ')}].`,
		)
	}
	if (data.length !== elementCount(shape)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`A ${type} tensor of shape [${shape.join(', ')}] needs ${elementCount(shape)} elements; got ${data.length}.`,
		)
	}
	return { type, shape, data }
}

/** A float32 tensor from numbers or existing storage. */
export function float32(shape: readonly number[], data: Float32Array | readonly number[]): Tensor<'float32'> {
	return tensor('float32', shape, data instanceof Float32Array ? data : Float32Array.from(data))
}

/** An int64 tensor from whole numbers. */
export function int64(shape: readonly number[], data: BigInt64Array | readonly number[]): Tensor<'int64'> {
	return tensor(
		'int64',
		shape,
		data instanceof BigInt64Array ? data : BigInt64Array.from(data, (value) => BigInt(value)),
	)
}
