/** Reading fixtures and measuring how far results are from them. */

import { readSafetensorsTensors } from './safetensors.js'

/** All tensors of a file as plain numbers, by name. */
export async function doublesOf(path: string): Promise<ReadonlyMap<string, number[]>> {
	const result = new Map<string, number[]>()
	for (const [name, { dtype, data }] of await readSafetensorsTensors(path)) {
		const { buffer } = data
		const values =
			dtype === 'F64' ? new Float64Array(buffer) : dtype === 'F32' ? new Float32Array(buffer) : new Int32Array(buffer)
		result.set(name, [...values])
	}
	return result
}

/** ||a - b|| / ||b||. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
	let difference = 0
	let size = 0
	for (let index = 0; index < expected.length; index++) {
		difference += (actual[index]! - expected[index]!) ** 2
		size += expected[index]! ** 2
	}
	return Math.sqrt(difference / Math.max(size, 1e-30))
}
