/** Checks whether a run reproduces the outcomes of an evaluation record. */

import { resolve } from 'node:path'
import { z } from 'zod'
import { readEvaluationRecord } from '../evaluation/robustness/record.js'
import { verifyRecord as verify } from '../evaluation/robustness/verify-record.js'
import { count, positive } from '../records/parts/fields.js'
import { countField, runFields, seedField } from './common/fields.js'
import { followAttack } from './common/follow-attack.js'
import { loadData, tunedRun } from './common/inputs.js'
import { noticesField } from './common/result-fields.js'
import { stopped } from './common/stopped.js'
import { defineJob } from './job.js'

/** The input of {@link verifyRecord}. */
export const verifyRecordInput = z.strictObject({
	...runFields,
	/** File of the evaluation record. */
	record: z.string(),
	/** Share of its images to recompute, above 0 and at most 1. */
	share: z.number().gt(0).max(1).default(1),
	/** The data of the record; by default the run's. */
	data: z.string().optional(),
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
	/** Seed of the choice of images. */
	seed: seedField.default(1),
})

const value = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** The result of {@link verifyRecord}. */
export const verifyRecordResult = z.object({
	run: z.string().describe('The run directory.'),
	record: z.string().describe('File of the record.'),
	share: z.number(),
	seed: count.describe('Seed of the choice of images.'),
	images: positive.describe('Number of recomputed images.'),
	of: positive.describe('Number of images of the record.'),
	differences: z
		.array(
			z.object({
				id: z.string().describe('Id of the image.'),
				field: z.string().describe('Field of its outcome.'),
				recorded: value.describe('Null if the record has none.'),
				recomputed: value.describe('Null if there is none.'),
			}),
		)
		.describe('Differences; empty if the run reproduces everything.'),
	notices: noticesField,
})

/**
 * Recomputes outcomes of an evaluation record from its run, and compares them image by image, because even a consistent
 * record may be fabricated. A difference is a result, not an error.
 * @throws NaptuneError when the record is damaged, or belongs to another model, other parameters or other data.
 */
export const verifyRecord = defineJob({
	name: 'verify-record',
	doc: 'Recompute outcomes of an evaluation record from its run, all or a share of them, and compare them image by image.',
	input: verifyRecordInput,
	result: verifyRecordResult,
	async run(input, context) {
		const path = resolve(input.record)
		const record = await readEvaluationRecord(path)
		const run = await tunedRun(context, input)
		const dataset =
			input.data === undefined ? await run.dataset() : await loadData(context, input.data, record.seed, run.dataRoot)
		const images = Math.max(1, Math.round(record.images * input.share))
		const follow = followAttack(context, 'recomputing', images, (record.stages?.length ?? 1) > 1)
		const { share, seed, batchSize } = input
		const found = await verify({
			engine: await context.engine(),
			record,
			run,
			dataset,
			share,
			seed,
			batchSize,
			onProgress: follow.tell,
			signal: context.signal,
		}).finally(follow.end)
		if (!found) throw stopped('Stopped. Nothing was saved; run the same command to start over.')
		return { run: run.directory, record: path, share, seed, ...found }
	},
})
