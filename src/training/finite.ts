/** Values that a tuning run must not go on with. */

import { NaptuneError } from '../core/errors.js'
import { hasNonFinite } from '../files/float-formats.js'

/**
 * @param what Kind of the values, such as `gradient`.
 * @param values By what they belong to.
 * @throws NaptuneError naming the first that holds an infinity or NaN.
 */
export function requireFinite(what: string, values: Readonly<Record<string, Float32Array>>): void {
	for (const [name, { buffer, byteOffset, byteLength }] of Object.entries(values)) {
		if (hasNonFinite(new Uint8Array(buffer, byteOffset, byteLength))) {
			throw new NaptuneError(
				`The ${what} of ${name} is not finite (NaN or infinity). Lower optimizer.learningRate or attack.epsilon.`,
			)
		}
	}
}
