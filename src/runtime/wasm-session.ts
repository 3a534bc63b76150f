/** Creates sessions of onnxruntime-web on its WebAssembly provider, which needs no native code. */

import type { Env, InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common'
import { type Backend, optimization, quiet } from './backend.js'
import type { SessionSettings } from './protocol.js'

/** One of the builds of onnxruntime-web. */
export interface WasmLibrary {
	readonly InferenceSession: InferenceSessionFactory
	readonly Tensor: TensorConstructor
	readonly env: Env
}

/** Files that initializers point into, by their names in the model. */
export type ExternalData = readonly { readonly path: string; readonly data: Uint8Array }[]

/**
 * The library as a backend. It has one runtime per process or page, so the first session fixes the number of threads.
 * Weights are copied once per program into WebAssembly memory, which holds at most 4 GB.
 * @param externalData Reads a session's external files into memory.
 */
export function wasmBackend(
	{ InferenceSession, Tensor, env }: WasmLibrary,
	threads: number,
	externalData: (settings: SessionSettings) => Promise<ExternalData>,
): Backend {
	env.logLevel = quiet.level
	env.wasm.numThreads = threads
	return {
		device: 'wasm',
		version: `onnxruntime-web ${env.versions.web ?? env.versions.common}`,
		Tensor,
		create: async (model, settings) =>
			InferenceSession.create(model, {
				executionProviders: ['wasm'],
				graphOptimizationLevel: 'all',
				logSeverityLevel: quiet.severity,
				externalData: await externalData(settings),
				extra: {
					optimization: optimization(settings),
					session: { disable_prepacking: settings.prepack ? '0' : '1' },
				},
			}),
	}
}
