/** onnxruntime-node: the native library with its execution providers. */

import { NaptuneError } from '../errors.js'
import { type Backend, optimization, quiet } from './backend.js'
import type { Device } from './engine.js'

/** Devices that the native library can drive, depending on its build. */
export type NativeDevice = Exclude<Device, 'wasm'>

/**
 * Loads onnxruntime-node with the execution provider of a device.
 * @throws the loader's own error when the native library cannot be loaded.
 * @throws NaptuneError when this build of it lacks the provider.
 */
export async function loadNative(device: NativeDevice, threads: number): Promise<Backend> {
	const { InferenceSession, Tensor, env, listSupportedBackends } = await import('onnxruntime-node')
	const available = listSupportedBackends().map(({ name }) => name)
	if (!available.includes(device)) {
		throw new NaptuneError(
			`Device ${device} is not in this build of onnxruntime-node, which has: ${available.join(', ')}. Choose one of these, or wasm.`,
		)
	}
	env.logLevel = quiet.level
	return {
		device,
		version: `onnxruntime-node ${env.versions.node ?? env.versions.common}`,
		Tensor,
		create: (model, settings) =>
			InferenceSession.create(model, {
				executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
				intraOpNumThreads: threads,
				interOpNumThreads: 1,
				executionMode: 'sequential',
				graphOptimizationLevel: 'all',
				logSeverityLevel: quiet.severity,
				extra: {
					optimization: optimization(settings),
					session: {
						// Threads that spin while they wait take the cores from the threads they wait for.
						'intra_op.allow_spinning': '0',
						disable_prepacking: settings.prepack ? '0' : '1',
						...(settings.externalDirectory && {
							model_external_initializers_file_folder_path: settings.externalDirectory,
						}),
					},
				},
			}),
	}
}
