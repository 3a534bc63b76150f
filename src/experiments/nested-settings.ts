/** Settings by dotted names, as on the command line. */

import { isRecord } from '../core/guards.js'
import { mergeSettings } from '../methods/tuning/configuration.js'

/** Expands dotted names into nested objects: `{ 'optimizer.learningRate': 1 }` becomes `{ optimizer: { learningRate: 1 } }`. */
export function nestedSettings(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
	return mergeSettings(
		Object.entries(settings).map(([key, value]) => {
			const own = isRecord(value) ? nestedSettings(value) : value
			return key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), own) as Readonly<
				Record<string, unknown>
			>
		}),
	)
}
