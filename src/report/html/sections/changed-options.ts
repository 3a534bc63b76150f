/** Finds options of an attack that differ from its defaults. */

import { isDeepStrictEqual } from 'node:util'
import { prepareAttack } from '../../../attacks/registry.js'
import { NaptuneError } from '../../../core/errors.js'
import type { EvaluationRecord } from '../../../evaluation/robustness/recorded-evaluation.js'

/** The options that differ from the defaults of the named attack; undefined for an attack unknown to this program. */
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
