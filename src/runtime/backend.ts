/** Loading the library that executes graphs, inside the worker. */

import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common'
import { NaptuneError } from '../errors.js'
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

/** Tensors of the execution library, under the name that does not collide with ours. */
export type BackendTensor = OrtTensor

/** ONNX Runtime's severity for errors: nothing milder is printed. */
const errorSeverity = 3

/**
 * Loads onnxruntime-node with the execution provider of a device.
 * @throws the loader's own error when the native library cannot be loaded.
 * @throws NaptuneError when this build of it lacks the provider.
 */
export async function loadNative(device: Exclude<Device, 'wasm'>, threads: number): Promise<Backend> {
	const { InferenceSession, Tensor, env, listSupportedBackends } = await import('onnxruntime-node')
	const available = listSupportedBackends().map(({ name }) => name)
	if (!available.includes(device)) {
		throw new NaptuneError(
			`Device ${device} is not in this build of onnxruntime-node, which has: ${available.join(', ')}. Choose one of these with --device, or wasm.`,
		)
	}
	env.logLevel = 'error'
	return {
		device,
		version: `onnxruntime-node ${env.versions.node ?? env.versions.common}`,
		Tensor,
		create: async (model, settings) =>
			InferenceSession.create(model, {
				externalData: await readFiles(settings.externalElsewhere),
				executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
				intraOpNumThreads: threads,
				interOpNumThreads: 1,
				executionMode: 'sequential',
				graphOptimizationLevel: 'all',
				logSeverityLevel: errorSeverity,
				extra: {
					session: {
						disable_prepacking: settings.prepack ? '0' : '1',
						...(settings.externalDirectory && {
							model_external_initializers_file_folder_path: settings.externalDirectory,
						}),
					},
				},
			}),
	}
}

/** External files as bytes, under the names by which the graph knows them. */
async function readFiles(paths: readonly string[]): Promise<{ path: string; data: Uint8Array }[]> {
	return Promise.all(paths.map(async (path) => ({ path: basename(path), data: await readFile(path) })))
}
