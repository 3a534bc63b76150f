/** Where the options of an attack are not its usual ones. */

import { isDeepStrictEqual } from 'node:util'
import { prepareAttack } from '../../../attacks/registry.js'
import { NaptuneError } from '../../../core/errors.js'
import type { EvaluationRecord } from '../../../evaluation/robustness/recorded-evaluation.js'

/** The options that differ from those of the attack of that name; undefined for an attack that is not of this program. */
export function changedOptions({
	name,
	options,
}: Pick<EvaluationRecord['attack'], 'name' | 'options'>): Record<string, unknown> | undefined {
	const usual = usualOptions(name)
	if (!usual) return undefined
	return Object.fromEntries(Object.entries(options).filter(([key, value]) => !isDeepStrictEqual(value, usual[key])))
}

function usualOptions(name: string): Readonly<Record<string, unknown>> | undefined {
	try {
		return JSON.parse(JSON.stringify(prepareAttack(name).options)) as Record<string, unknown>
	} catch (error) {
		if (error instanceof NaptuneError) return undefined
		throw error
	}
}
