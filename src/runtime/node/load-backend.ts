/** Choosing the execution library for a device. */

import { NaptuneError } from '../../core/errors.js'
import type { Backend } from '../backend.js'
import type { Device } from '../engine.js'
import { loadNative } from './native-backend.js'
import { nativeEngineCommand } from './native-library.js'
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
		const reason = error instanceof Error ? error.message : String(error)
		if (device !== 'cpu') {
			throw new NaptuneError(
				'NAP_DEVICE_UNAVAILABLE',
				`Device ${device} needs the native engine, which cannot be loaded here (${reason}). Install it with: ${nativeEngineCommand}`,
				{ cause: error },
			)
		}
		return { backend: await fallback(threads, reason), fallbackReason: reason }
	}
}

async function fallback(threads: number, reason: string): Promise<Backend> {
	try {
		return await loadWasm(threads)
	} catch (cause) {
		const wasm = cause instanceof Error ? cause.message : String(cause)
		throw new NaptuneError(
			'NAP_DEVICE_UNAVAILABLE',
			`There is no engine: the native one cannot be loaded (${reason}), nor the slow one (${wasm}). Install the native engine with: ${nativeEngineCommand}`,
			{ cause },
		)
	}
}
