/** Options of an attack as a reader needs them: models by name and hash, not with all that is known of them. */

import { defined } from '../../../core/defined.js'
import { isRecord } from '../../../core/guards.js'
import { madeBefore } from '../../../records/adversarial-images.js'
import type { EvaluationRecord } from '../../../records/evaluation.js'

/** Digits of a hash that stand beside a name. */
const digits = 12

/** Where images were made before, on models that are not the attacked one. */
export interface MadeImages {
	/** Names of the models. */
	readonly models: readonly string[]
	/** SHA-256 that the store of the images has; undefined where the record does not say. */
	readonly manifest: string | undefined
}

/** What the options of {@link EvaluationRecord.attack} say of images that were made before; undefined where they were not. */
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
