/** The interface of a library that executes graphs. */

import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common'
import type { Device } from './engine.js'
import type { SessionSettings } from './protocol.js'

/** A loaded execution library. */
export interface Backend {
	readonly device: Device
	/** Library and version, for result records. */
	readonly version: string
	readonly Tensor: TensorConstructor
	/** Makes a session from a serialised model. */
	create(model: Uint8Array, settings: SessionSettings): Promise<InferenceSession>
}

/** Tensors of the execution library, under a name that does not collide with ours. */
export type BackendTensor = Tensor

/**
 * Severity and level that silence the library's own log, since it also throws each error, which then reaches the user once,
 * with the node's origin.
 */
export const quiet = { severity: 4, level: 'fatal' } as const

/**
 * Disables two optimizations in float64 sessions: the library fuses QuickGELU, for which it has no float64 kernel, and moves
 * factors of matrix products into a float32 attribute, which costs half of the digits.
 */
export function optimization({ doublePrecision }: SessionSettings): Record<string, string> {
	return doublePrecision ? { disable_specified_optimizers: 'QuickGeluFusion;MatMulScaleFusion' } : {}
}
