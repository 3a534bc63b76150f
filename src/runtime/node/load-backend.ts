/** Chooses the execution library for a device. */

import { NaptuneError } from '../../core/errors.js'
import type { Backend } from '../backend.js'
import type { Device } from '../engine.js'
import { loadNative } from './native-backend.js'
import { nativeEngineCommand } from './native-library.js'
import { loadWasm } from './wasm-backend.js'

/**
 * Loads the library for a device. If the native one does not load, `cpu` becomes `wasm`.
 * @returns The library, and the reason for any substitution.
 * @throws NaptuneError when the device is unavailable.
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
				`Device ${device} needs the native engine, which does not load here (${reason}). Install it with: ${nativeEngineCommand}`,
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
			`No engine is available: neither the native one loads (${reason}), nor the slow one (${wasm}). Install the native engine with: ${nativeEngineCommand}`,
			{ cause },
		)
	}
}
