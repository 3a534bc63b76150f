/** Checks parameters, so that pictures are not blamed for them. */

import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'

/**
 * Looks for infinities and NaN before a model is used, because its logits would make the pictures look faulty.
 * @param path The parameters file, for the error.
 * @throws NaptuneError that names the first affected parameter and the number of its bad values.
 */
export function requireFiniteParameters(parameters: Readonly<Record<string, Tensor<'float32'>>>, path: string): void {
	for (const [name, { data }] of Object.entries(parameters)) {
		const broken = data.reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0)
		if (broken === 0) continue
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is damaged, or the tuning diverged: ${broken} of the ${data.length} numbers of ${name} are infinite or NaN. Restore the run directory, or tune again.`,
		)
	}
}
