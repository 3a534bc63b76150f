/** Messages between the calling side of an engine and the host of its sessions. The host answers requests in order. */

import type { ElementType, Tensor } from '../core/tensor.js'
import type { Device } from './engine.js'

/** One fed input: the tensor itself, or the handle of one that the host already has. */
export type WireFeed = { readonly tensor: Tensor } | { readonly resident: number }

/** Settings of a session, independent of the engine. */
export interface SessionSettings {
	/** Whether the engine may keep pre-packed copies of weights. */
	readonly prepack: boolean
	/** Whether waiting threads spin. */
	readonly spinning: boolean
	/** Whether the graph computes with float64, for which a fused kernel may be missing where its parts have one. */
	readonly doublePrecision: boolean
	/** Real directory of the files that initializers point into; absent without external data. */
	readonly externalDirectory?: string
	/** Base names of the files there, for libraries that want their bytes instead of the directory. */
	readonly externalFiles: readonly string[]
	/** Files in memory that initializers point into, by their names in the model. */
	readonly externalContents: ReadonlyMap<string, Uint8Array>
}

/** All requests to a host. */
export type Request =
	| { readonly kind: 'start'; readonly device: Device; readonly threads: number }
	| {
			readonly kind: 'compile'
			readonly program: number
			readonly model: Uint8Array
			readonly settings: SessionSettings
	  }
	| {
			readonly kind: 'run'
			readonly program: number
			readonly feeds: Readonly<Record<string, WireFeed>>
			readonly outputs: readonly string[]
			/** Handles under which outputs stay with the host instead of coming back. */
			readonly keep: Readonly<Record<string, number>>
	  }
	| { readonly kind: 'releaseProgram'; readonly program: number }
	| { readonly kind: 'upload'; readonly handle: number; readonly tensor: Tensor }
	| { readonly kind: 'releaseTensor'; readonly handle: number }
	| { readonly kind: 'close' }

/** Type and shape of an output kept by the host. */
export interface KeptTensor {
	readonly type: ElementType
	readonly shape: readonly number[]
}

/** The answer to each kind of request. */
export interface Answers {
	start: { readonly version: string; readonly device: Device; readonly fallbackReason?: string }
	compile: undefined
	run: { readonly tensors: Record<string, Tensor>; readonly kept: Record<string, KeptTensor> }
	releaseProgram: undefined
	upload: undefined
	releaseTensor: undefined
	close: undefined
}

/** A request as sent between threads. */
export interface RequestEnvelope {
	readonly id: number
	readonly request: Request
}

/** An answer as sent between threads. */
export type AnswerEnvelope =
	| { readonly id: number; readonly answer: Answers[Request['kind']] }
	| { readonly id: number; readonly error: string }
