/** Evaluation records read back: their shape is checked, and their numbers are worked out again from the outcomes. */

import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { readJsonFile } from '../../files/json-file.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { knowledgeNames } from '../deployed/knowledge.js'
import { summarize, summarizeStages, summarizeTarget } from './evaluate.js'
import type { EvaluationRecord } from './recorded-evaluation.js'

const count = z.int().nonnegative()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 was expected')
const json = z.record(z.string(), z.unknown())
const share = z.number().min(0).max(1)
const accuracy = z.strictObject({ accuracy: share, interval: z.tuple([share, share]) })

/** What became of one image. */
export const outcomeSchema = z.strictObject({
	id: z.string(),
	label: count,
	cleanPrediction: count,
	adversarialPrediction: count,
	attacked: z.boolean(),
	stage: z.string().optional(),
})

/** A record as it lies on disk. */
export const evaluationRecordSchema = z.strictObject({
	format: z.literal(1),
	defense: z.strictObject({
		name: z.string(),
		options: json,
		parameters: sha256,
		trainableParameters: count,
	}),
	testTime: z
		.strictObject({
			name: z.string(),
			options: json,
			attackedThrough: z.enum(['bpda-identity', 'unrolled', 'none']),
		})
		.optional(),
	knowledge: z.enum(knowledgeNames),
	knownModel: z.strictObject({ name: z.string(), options: json }).optional(),
	attack: z.strictObject({ name: z.string(), attack: z.string(), source: z.string(), options: json }),
	target: count.optional(),
	threatModel: z.looseObject({ norm: z.string(), epsilon: z.number().nonnegative() }),
	seed: count,
	model: z.strictObject({ source: z.string(), revision: z.string().optional(), sha256 }),
	dataset: z.strictObject({
		name: z.string(),
		origin: json,
		notices: z.array(z.string()),
		split: z.string(),
		images: count,
		ids: sha256,
		classNames: z.array(z.string()),
	}),
	versions: z.strictObject({ naptune: z.string(), engine: z.string(), device: z.string() }),
	images: count,
	clean: accuracy,
	robust: accuracy,
	reached: accuracy.optional(),
	stages: z
		.array(z.strictObject({ stage: z.string(), attacked: count, robust: accuracy, seconds: z.number().nonnegative() }))
		.min(2)
		.optional(),
	seconds: z.number().nonnegative(),
	passes: z.strictObject({ evaluations: count, gradients: count }).optional(),
	threads: z.int().positive(),
	batchSize: z.int().positive(),
	outcomes: z.array(outcomeSchema).min(1),
})

/**
 * Reads a record. Nothing in it is taken on trust that its per-image outcomes can tell.
 * @throws NaptuneError when the file is no record, or its accuracies, intervals, ids or number of images are not those of
 * its outcomes.
 */
export async function readEvaluationRecord(path: string): Promise<EvaluationRecord> {
	const parsed = evaluationRecordSchema.safeParse(await readJsonFile(path))
	if (!parsed.success) {
		throw new NaptuneError(
			`${path} is not an evaluation record that this version reads:\n${z.prettifyError(parsed.error)}`,
		)
	}
	const record = parsed.data as EvaluationRecord
	const { images, clean, robust, outcomes, dataset } = record
	const ids = outcomes.map(({ id }) => id)
	const unknown = record.testTime?.attackedThrough === 'none'
	if (record.testTime && unknown === (record.knowledge === 'full')) {
		throw new NaptuneError(
			`${path} contradicts itself: its knowledge is ${record.knowledge}, and its test-time defense is attacked through ${record.testTime.attackedThrough}. Evaluate again.`,
		)
	}
	if (record.knownModel && ['full', 'query'].includes(record.knowledge)) {
		throw new NaptuneError(
			`${path} contradicts itself: its knowledge is ${record.knowledge}, and its images were made against ${record.knownModel.name}. Evaluate again.`,
		)
	}
	const stages = record.stages?.map(({ seconds: _, ...stage }) => stage)
	const names = stages?.map(({ stage }) => stage) ?? []
	const problems = [
		...(isDeepStrictEqual({ images, clean, robust }, summarize(outcomes)) ? [] : ['accuracies']),
		...(isDeepStrictEqual(
			record.reached,
			record.target === undefined ? undefined : summarizeTarget(outcomes, record.target).reached,
		)
			? []
			: ['share that reached the target']),
		...(isDeepStrictEqual(stages, stages && summarizeStages(outcomes, names)) &&
		isDeepStrictEqual(stages?.at(-1)?.robust ?? robust, robust)
			? []
			: ['stages']),
		...(dataset.ids === sha256OfBytes(JSON.stringify(ids)) && dataset.images === images ? [] : ['image ids']),
		...(new Set(ids).size === ids.length ? [] : ['image ids, of which one is there twice,']),
	]
	if (problems.length > 0) {
		throw new NaptuneError(
			`${path} was changed: its ${problems.join(' and ')} are not those of its outcomes. Restore it, or evaluate again.`,
		)
	}
	return record
}
