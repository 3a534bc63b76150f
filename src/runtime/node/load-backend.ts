/** Choosing the execution library for a device. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import type { Backend } from '../backend.js'
import type { Device } from '../engine.js'
import { loadNative } from './native-backend.js'
import { loadWasm } from './wasm-backend.js'

/**
 * Loads the library for a device. Where the native one cannot be loaded, `cpu` becomes `wasm`.
 * @returns The library, and the reason when it is not the one that was asked for.
 * @throws NaptuneError when the device cannot be had.
 */
export async function loadBackend(
	device: Device,
	threads: number,
): Promise<{ readonly backend: Backend; readonly fallbackReason?: string }> {
	if (device === 'wasm') return { backend: await loadWasm(threads) }
	try {
		return { backend: await loadNative(device, threads) }
	} catch (error) {
		if (error instanceof NaptuneError) throw error
		const reason = at((error instanceof Error ? error.message : String(error)).split('\n'), 0)
		if (device !== 'cpu') {
			throw new NaptuneError(
				'NAP_DEVICE_UNAVAILABLE',
				`Device ${device} needs onnxruntime-node, which cannot be loaded here: ${reason}. Use device wasm, or repair the installation.`,
				{ cause: error },
			)
		}
		return { backend: await loadWasm(threads), fallbackReason: reason }
	}
}
