/** Reads evaluation records: checks their form, and derives their numbers again from the outcomes. */

import { isDeepStrictEqual } from 'node:util'
import { NaptuneError } from '../../core/errors.js'
import { type AttackFindings, type EvaluationRecord, evaluationKind } from '../../records/evaluation.js'
import { jsonFingerprint } from '../../records/fingerprint.js'
import { readRecord } from '../../records/record-kind.js'
import { summarize, summarizeStages, summarizeTarget } from './evaluate.js'

/**
 * Reads a record. It derives from the per-image outcomes everything that they determine.
 * @throws NaptuneError if the file is not a record, or its accuracies, intervals, ids or number of images do not follow from
 * its outcomes.
 */
export async function readEvaluationRecord(path: string): Promise<EvaluationRecord> {
	const record: EvaluationRecord = await readRecord(evaluationKind, path)
	const unknown = record.testTime?.attackedThrough === 'none'
	if (record.testTime && unknown === (record.knowledge === 'full')) {
		throw new NaptuneError(
			'NAP_RECORD_CHANGED',
			`${path} contradicts itself: its knowledge is ${record.knowledge}, but its test-time defense is attacked through ${record.testTime.attackedThrough}. Evaluate again.`,
		)
	}
	if (record.knownModel && ['full', 'query'].includes(record.knowledge)) {
		throw new NaptuneError(
			'NAP_RECORD_CHANGED',
			`${path} contradicts itself: its knowledge is ${record.knowledge}, but its images were made against ${record.knownModel.name}. Evaluate again.`,
		)
	}
	const classes = record.dataset.classNames.length
	const outside = record.outcomes.find(
		({ label, cleanPrediction, adversarialPrediction }) =>
			Math.max(label, cleanPrediction, adversarialPrediction) >= classes,
	)
	if (outside) {
		throw new NaptuneError(
			'NAP_RECORD_CHANGED',
			`${path} was changed: the outcome of image ${outside.id} names a class beyond its ${classes}. Restore it, or evaluate again.`,
		)
	}
	const problems = contradictions(record, record.dataset, record.target)
	if (problems.length === 0) return record
	throw new NaptuneError(
		'NAP_RECORD_CHANGED',
		`${path} was changed: its ${problems.join(' and ')} do not follow from its outcomes. Restore it, or evaluate again.`,
	)
}

/**
 * Names the parts of findings that contradict their outcomes: `accuracies`, `stages` and the like; empty if everything
 * follows from them.
 * @param dataset The images of the findings. @param target Position of the target class of a targeted attack.
 */
export function contradictions(
	{ images, clean, robust, reached, outcomes, ...found }: AttackFindings,
	dataset: { readonly images: number; readonly ids: string },
	target?: number,
): string[] {
	const ids = outcomes.map(({ id }) => id)
	const stages = found.stages?.map(({ seconds: _, ...stage }) => stage)
	const names = stages?.map(({ stage }) => stage) ?? []
	const followed = stages && summarizeStages(outcomes, names)
	const aimed = target === undefined ? undefined : summarizeTarget(outcomes, target).reached
	return [
		...(isDeepStrictEqual({ images, clean, robust }, summarize(outcomes)) ? [] : ['accuracies']),
		...(isDeepStrictEqual(reached, aimed) ? [] : ['share that reached the target']),
		...(isDeepStrictEqual(stages, followed) && isDeepStrictEqual(stages?.at(-1)?.robust ?? robust, robust)
			? []
			: ['stages']),
		...(dataset.ids === jsonFingerprint(ids) && dataset.images === images ? [] : ['image ids']),
		...(new Set(ids).size === ids.length ? [] : ['image ids, one of them repeated,']),
	]
}
