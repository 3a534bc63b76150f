/** Methods side by side: one record from the evaluations of all of them on the same images under the same attack. */

import { isDeepStrictEqual } from 'node:util'
import type { AttackOutcome } from '../../attacks/run/attack-outcomes.js'
import { isRobust } from '../../attacks/run/attack-outcomes.js'
import { NaptuneError } from '../../core/errors.js'
import type { ComparedMethod, Comparison } from '../../records/comparison.js'
import type { EvaluationRecord } from '../../records/evaluation.js'
import { mcnemarOf } from '../../statistics/mcnemar.js'

export type { ComparedMethod, Comparison } from '../../records/comparison.js'

/** A method's evaluation and how long its tuning took. */
export interface ComparisonEntry {
	readonly record: EvaluationRecord
	/** Name of the row; the defense's by default. */
	readonly label?: string
	readonly tuningSeconds: number
}

/**
 * Compares evaluations.
 * @param entries At least one, all of the same model, images, attack, threat model and seed.
 * @param reference Name of the row that the others are paired with.
 * @throws NaptuneError when the evaluations are not comparable.
 */
export function compareEvaluations(entries: readonly ComparisonEntry[], reference: string): Comparison {
	const nameOf = ({ label, record }: ComparisonEntry) => label ?? record.defense.name
	const base = entries.find((entry) => nameOf(entry) === reference)?.record
	if (!base) throw new NaptuneError(`There is no evaluation of ${reference} to compare with.`)
	const { model, dataset, attack, threatModel, seed } = base
	const protocol = { model: model.sha256, dataset, attack, threatModel, seed }
	for (const entry of entries) {
		const { record } = entry
		const own = {
			model: record.model.sha256,
			dataset: record.dataset,
			attack: record.attack,
			threatModel: record.threatModel,
			seed: record.seed,
		}
		if (isDeepStrictEqual(own, protocol)) continue
		throw new NaptuneError(
			`The evaluations of ${nameOf(entry)} and ${reference} differ in model, images, attack, threat model or seed, so their numbers cannot stand side by side. Evaluate both in the same way.`,
		)
	}
	const methods = entries.map((entry) => {
		const { record, tuningSeconds } = entry
		return {
			defense: nameOf(entry),
			trainableParameters: record.defense.trainableParameters,
			clean: record.clean,
			robust: record.robust,
			paired: record === base ? null : paired(record.outcomes, base.outcomes),
			tuningSeconds,
			evaluationSeconds: record.seconds,
		}
	})
	return { format: 1, model, dataset, attack, threatModel, seed, reference, methods }
}

function paired(own: readonly AttackOutcome[], reference: readonly AttackOutcome[]): ComparedMethod['paired'] {
	const robust = new Set(reference.filter(isRobust).map(({ id }) => id))
	const { onlyFirst, onlySecond, p } = mcnemarOf(
		own.map(isRobust),
		own.map(({ id }) => robust.has(id)),
	)
	return { onlyThis: onlyFirst, onlyReference: onlySecond, p }
}
