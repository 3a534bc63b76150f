/** Tensors that stay with the host between runs. */

import { NaptuneError } from '../core/errors.js'
import type { ResidentTensor } from './engine.js'
import type { HostLink } from './link.js'
import type { KeptTensor } from './protocol.js'

/** The calling side of one engine's resident tensors. */
export interface ResidentTensors {
	/** A handle for a tensor about to go to the host. */
	newHandle(): number
	/** The calling side of a tensor that the host has under this handle. */
	adopt(handle: number, tensor: KeptTensor): ResidentTensor
	/** @throws NaptuneError when the tensor was released or belongs to another engine. */
	handleOf(tensor: ResidentTensor): number
}

/** Resident tensors over one host. */
export function residentTensors(link: HostLink): ResidentTensors {
	const handles = new WeakMap<ResidentTensor, { readonly handle: number; released?: Promise<void> }>()
	let next = 0
	return {
		newHandle: () => next++,
		adopt(handle, { type, shape }) {
			const entry: { readonly handle: number; released?: Promise<void> } = { handle }
			const tensor: ResidentTensor = {
				type,
				shape,
				release() {
					entry.released ??= link.letGo({ kind: 'releaseTensor', handle })
					return entry.released
				},
			}
			handles.set(tensor, entry)
			return tensor
		},
		handleOf(tensor) {
			const entry = handles.get(tensor)
			if (!entry)
				throw new NaptuneError(
					'NAP_FEED_INVALID',
					'The fed resident tensor belongs to another engine; upload it to this engine first.',
				)
			if (entry.released)
				throw new NaptuneError('NAP_ENGINE_CLOSED', 'The fed resident tensor was released; upload it again.')
			return entry.handle
		},
	}
}
