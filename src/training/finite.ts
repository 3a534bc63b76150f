/** Stops a training at non-finite values. */

import { NaptuneError } from '../core/errors.js'
import { hasNonFinite } from '../files/float-formats.js'
import type { TensorSet } from './tensor-set.js'

/**
 * @param what Kind of the values, such as `gradient`.
 * @param values Values by name.
 * @param advice What to change.
 * @throws NaptuneError naming the first entry with an infinity or NaN.
 */
export function requireFinite(what: string, values: Readonly<Record<string, Float32Array>>, advice: string): void {
	for (const [name, { buffer, byteOffset, byteLength }] of Object.entries(values)) {
		if (hasNonFinite(new Uint8Array(buffer, byteOffset, byteLength))) {
			throw new NaptuneError('NAP_TRAINING_FAILED', `The ${what} of ${name} is not finite (NaN or infinity). ${advice}`)
		}
	}
}

/** The values of tensors by name. */
export function valuesOf(tensors: TensorSet): Record<string, Float32Array> {
	return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data]))
}
