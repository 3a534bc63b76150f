/** Prepares tensors for transfer to the host. */

import type { Tensor, TensorData } from '../core/tensor.js'

/**
 * The tensor on its own buffer, which can be transferred to the host.
 * A view of a larger buffer (a slice of a file, a pooled Buffer) is copied even when `give` is set,
 * because moving it would take its neighbours along.
 * @param give Whether the caller gives up its buffer.
 */
export function movable(tensor: Tensor, give: boolean): { readonly tensor: Tensor; readonly buffer: ArrayBuffer } {
	const { data } = tensor
	if (give && data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength) {
		return { tensor: { type: tensor.type, shape: tensor.shape, data }, buffer: data.buffer }
	}
	const copy = data.slice() as TensorData
	return { tensor: { type: tensor.type, shape: tensor.shape, data: copy }, buffer: copy.buffer as ArrayBuffer }
}
