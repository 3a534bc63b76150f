/** onnxruntime-web on its WebAssembly provider, which needs no native code. */

import { join } from 'node:path'
import { type Backend, optimization, quiet, readExternalFiles } from './backend.js'

/**
 * Loads onnxruntime-web. Its binary comes from the installed package; nothing is downloaded.
 * Weights are copied into WebAssembly memory once per program, which holds 4 GB at most.
 */
export async function loadWasm(threads: number): Promise<Backend> {
	const { InferenceSession, Tensor, env } = await import('onnxruntime-web')
	env.logLevel = quiet.level
	env.wasm.numThreads = threads
	return {
		device: 'wasm',
		version: `onnxruntime-web ${env.versions.web ?? env.versions.common}`,
		Tensor,
		async create(model, settings) {
			const { externalDirectory, externalFiles, prepack } = settings
			const files = externalDirectory === undefined ? [] : externalFiles.map((name) => join(externalDirectory, name))
			return InferenceSession.create(model, {
				executionProviders: ['wasm'],
				graphOptimizationLevel: 'all',
				logSeverityLevel: quiet.severity,
				externalData: await readExternalFiles(files),
				extra: { optimization: optimization(settings), session: { disable_prepacking: prepack ? '0' : '1' } },
			})
		},
	}
}
