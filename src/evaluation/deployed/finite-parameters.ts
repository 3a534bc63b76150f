/** Parameters that no picture can be blamed for. */

import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'

/**
 * Looks for infinities and NaN before a model is used, since its logits would look as if pictures were at fault.
 * @param path Of the file of parameters, for the error.
 * @throws NaptuneError naming the first parameter that has some, and how many.
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
