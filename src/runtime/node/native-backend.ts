/** The native library with its execution providers. */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { type Backend, optimization, quiet } from '../backend.js'
import type { Device } from '../engine.js'
import type { SessionSettings } from '../protocol.js'
import { loadNativeLibrary } from './native-library.js'

/** Devices that the native library may support, depending on its build. */
export type NativeDevice = Exclude<Device, 'wasm'>

/**
 * Loads the native library with the execution provider of a device.
 * @throws an Error with the reasons when the native library cannot be loaded from anywhere.
 * @throws NaptuneError when this build of it lacks the provider.
 */
export async function loadNative(device: NativeDevice, threads: number): Promise<Backend> {
	const { library } = await loadNativeLibrary(device)
	const { InferenceSession, Tensor, env, listSupportedBackends } = library
	const available = listSupportedBackends().map(({ name }) => name)
	if (!available.includes(device)) {
		throw new NaptuneError(
			'NAP_DEVICE_UNAVAILABLE',
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
				enableMemPattern: plansMemory(settings),
				extra: {
					optimization: optimization(settings),
					session: {
						'intra_op.allow_spinning': settings.spinning ? '1' : '0',
						// Otherwise two alternating programs slow each other down, through the threads of the waiting one.
						force_spinning_stop: '1',
						disable_prepacking: settings.prepack ? '0' : '1',
						...defined({
							model_external_initializers_file_folder_path: settings.externalDirectory
								? settings.externalDirectory
								: undefined,
						}),
					},
				},
			}),
	}
}

/** Weight bytes above which a program counts as large. */
const largeWeights = 64e6

/**
 * Whether the library plans the memory of a run ahead, as one block per set of input shapes. This makes small programs a few
 * percent faster. In large ones the products dominate, and the block adds to the memory of the first run: 3.2 instead of 2.0
 * GB for logits and pixel gradient of a ViT-B/16 at batch 8, in the same time.
 */
export function plansMemory({ externalDirectory, externalFiles }: SessionSettings): boolean {
	if (externalDirectory === undefined) return true
	return externalFiles.reduce((sum, name) => sum + statSync(join(externalDirectory, name)).size, 0) < largeWeights
}
