/** Formats the options of an attack for readers: models by name and hash, without their full descriptions. */

import { defined } from '../../../core/defined.js'
import { isRecord } from '../../../core/guards.js'
import { madeBefore } from '../../../records/adversarial-images.js'
import type { EvaluationRecord } from '../../../records/evaluation.js'

/** Digits of a hash shown beside a name. */
const digits = 12

/** Origin of stored images, made on models other than the attacked one. */
export interface MadeImages {
	/** Names of the models. */
	readonly models: readonly string[]
	/** SHA-256 of the store's manifest; undefined if the record does not state it. */
	readonly manifest: string | undefined
}

/**
 * The origin of stored images, from the options of {@link EvaluationRecord.attack}; undefined if the attack made its own.
 */
export function madeImages(attack: Pick<EvaluationRecord['attack'], 'options'>): MadeImages | undefined {
	const made = madeBefore(attack)
	return made && { models: made.models.map(({ name }) => name), manifest: made.manifest }
}

/** The options with models as `plain.onnx (SHA-256 0123456789ab…)`. */
export function readableOptions(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
	const { made: _, ...rest } = options
	const made = madeBefore({ options })
	const named = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, modelNames(value) ?? value]))
	if (!made) return named
	const madeOn = modelNames(made.models)
	const { surrogates, ...others } = named
	return {
		...(surrogates === madeOn || surrogates === undefined ? others : named),
		'made on': madeOn,
		'made with seed': made.seed,
		...defined({ 'SHA-256 of their manifest': made.manifest }),
	}
}

/** Undefined for anything but a list of models. */
function modelNames(value: unknown): string | undefined {
	if (!Array.isArray(value) || value.length === 0) return undefined
	const names = value.map((model) => {
		if (!isRecord(model) || typeof model.name !== 'string') return undefined
		return typeof model.sha256 === 'string' ? `${model.name} (SHA-256 ${model.sha256.slice(0, digits)}…)` : model.name
	})
	return names.every((name) => name !== undefined) ? names.join(', ') : undefined
}
