/** Tensors on their way to the host. */

import type { Tensor, TensorData } from '../core/tensor.js'

/**
 * The tensor as it is sent to the host, on a buffer of its own that can be moved.
 * A view of a larger buffer (a slice of a file, a pooled Buffer) is copied even when `give` is set,
 * because moving it would take its neighbours along.
 * @param give Whether the caller hands its buffer over.
 */
export function movable(tensor: Tensor, give: boolean): { readonly tensor: Tensor; readonly buffer: ArrayBuffer } {
	const { data } = tensor
	if (give && data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength) {
		return { tensor: { type: tensor.type, shape: tensor.shape, data }, buffer: data.buffer }
	}
	const copy = data.slice() as TensorData
	return { tensor: { type: tensor.type, shape: tensor.shape, data: copy }, buffer: copy.buffer as ArrayBuffer }
}
