/** The interface for running graphs, independent of the engine. */

import type { ElementType, Tensor } from '../core/tensor.js'
import type { Shape, Value } from '../onnx/value.js'

/** Execution devices, named as on the command line. */
export type Device = 'cpu' | 'cuda' | 'webgpu' | 'coreml' | 'dml' | 'wasm'

/** All devices, for `--device` and error messages. */
export const devices: readonly Device[] = ['cpu', 'cuda', 'webgpu', 'coreml', 'dml', 'wasm']

/** A tensor that stays in the engine between runs, such as frozen text features or the parameters of a step. */
export interface ResidentTensor {
	readonly type: ElementType
	readonly shape: readonly number[]
	/** Frees the engine's copy. Idempotent. */
	release(): Promise<void>
}

/** Values fed by input name. A plain tensor is copied or transferred on every run, a resident one is not. */
export type Feeds = Readonly<Record<string, Tensor | ResidentTensor>>

/** Outputs of a run of which some stay in the engine. */
export interface KeptOutputs {
	readonly tensors: Record<string, Tensor>
	readonly kept: Record<string, ResidentTensor>
}

/** A compiled graph. */
export interface Program {
	/** Names of the inputs that a run must feed. */
	readonly inputs: readonly string[]
	/** Names of the outputs a run returns. */
	readonly outputs: readonly string[]
	/** Size of the serialised graph in bytes, weights by reference not counted. */
	readonly modelBytes: number
	/**
	 * Runs the graph once.
	 * @param feeds One entry per input. Plain tensors are left usable unless `transfer` is set.
	 * @param options.outputs Names to compute; all of them by default. The engine skips other outputs if it can.
	 * @param options.transfer Transfer the feeds' buffers instead of copying them (they become unusable here).
	 * @throws NaptuneError naming a missing or unknown feed, a wrong type or shape, or the node in which the engine failed.
	 */
	run(
		feeds: Feeds,
		options?: { readonly outputs?: readonly string[]; readonly transfer?: boolean },
	): Promise<Record<string, Tensor>>
	/**
	 * Runs the graph once and leaves some outputs in the engine, to be fed to later runs without a copy.
	 * @param keep Outputs that stay in the engine; release them when done.
	 * @param options.outputs Further outputs that come back as plain tensors; none by default.
	 * @throws NaptuneError as `run` does.
	 */
	runAndKeep(
		feeds: Feeds,
		keep: readonly string[],
		options?: { readonly outputs?: readonly string[]; readonly transfer?: boolean },
	): Promise<KeptOutputs>
	/** Frees the session. Idempotent. */
	release(): Promise<void>
}

/** Options of a compilation. */
export interface CompileOptions {
	/** Shown in errors and memory reports. */
	readonly name?: string
	/**
	 * Whether the engine keeps pre-packed copies of constant and external weights, one per consumer. Default true.
	 * With them, products with these weights are faster and, on the CPU, byte-identical for every batch size and
	 * thread count. Without them (less memory, faster compilation), and for fed matrices, the order of summation depends on
	 * both.
	 */
	readonly prepack?: boolean
}

/** An execution engine: it owns sessions and resident tensors, in a worker thread if the platform has them. */
export interface Engine {
	readonly device: Device
	readonly threads: number
	/** If set, the number of rows of every classifier run on this engine, at least 1. */
	readonly fixedBatch?: number
	/** Engine name and version, such as `onnxruntime-node 1.30.0`, for result records. */
	readonly version: string
	/** Compiles a graph given by its named outputs; its inputs are found by walking back from them. */
	compile(outputs: Readonly<Record<string, Value>>, options?: CompileOptions): Promise<Program>
	/** Puts a tensor into the engine for repeated use. */
	upload(tensor: Tensor, options?: { readonly transfer?: boolean }): Promise<ResidentTensor>
	/** Resident memory of the process (0 if the platform does not report it, as in a browser) and of the engine's own data. */
	memory(): Promise<{
		readonly residentBytes: number
		readonly programs: readonly { name: string; modelBytes: number }[]
	}>
	/** Releases all programs and tensors, and ends the worker if there is one. Idempotent. */
	close(): Promise<void>
}

/** A declared input of a program. */
export interface InputDeclaration {
	readonly name: string
	readonly type: ElementType
	readonly shape: Shape
}

/** A graph as bytes, with the information needed to run it. */
export interface SerializedModel {
	readonly bytes: Uint8Array
	readonly inputs: readonly InputDeclaration[]
	readonly outputs: readonly { readonly name: string }[]
	/** Files on disk that initializers point into. */
	readonly externalFiles: readonly string[]
	/** Files in memory that initializers point into, by their names in the model. */
	readonly externalContents?: ReadonlyMap<string, Uint8Array>
	/** Where each named node comes from, for errors. */
	readonly nodeOrigins: ReadonlyMap<string, string>
}

/** An engine that can also run serialised graphs. */
export interface ModelEngine extends Engine {
	/** Compiles a serialised graph. */
	compileModel(model: SerializedModel, options?: CompileOptions): Promise<Program>
}
