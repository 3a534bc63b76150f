/** Whether the outcomes of an evaluation record are those that its run gives. */

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
	/** Share of its images that is computed again, above 0 and at most 1. */
	share: z.number().gt(0).max(1).default(1),
	/** The data that the record is of; by default the run's. */
	data: z.string().optional(),
	/** Images at once; changes the speed only. */
	batchSize: countField.default(50),
	/** Of the choice of images. */
	seed: seedField.default(1),
})

const value = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** The result of {@link verifyRecord}. */
export const verifyRecordResult = z.object({
	run: z.string().describe('The run directory.'),
	record: z.string().describe('The file.'),
	share: z.number(),
	seed: count.describe('Of the choice of images.'),
	images: positive.describe('Images that were computed again.'),
	of: positive.describe('Images of the record.'),
	differences: z
		.array(
			z.object({
				id: z.string().describe('Of the image.'),
				field: z.string().describe('Of its outcome.'),
				recorded: value.describe('Null where the record has none.'),
				recomputed: value.describe('Null where there is none.'),
			}),
		)
		.describe('None where all is as the record says.'),
	notices: noticesField,
})

/**
 * Computes outcomes of an evaluation record again from its run, and compares them image by image: what follows from one
 * another in a record may still be made up as a whole. A difference is a result, no error.
 * @throws NaptuneError when the record is damaged, or of another model, other parameters or other data.
 */
export const verifyRecord = defineJob({
	name: 'verify-record',
	doc: 'Compute outcomes of an evaluation record again from its run, all or a share of them, and compare them image by image.',
	input: verifyRecordInput,
	result: verifyRecordResult,
	async run(input, context) {
		const path = resolve(input.record)
		const record = await readEvaluationRecord(path)
		const run = await tunedRun(context, input)
		const dataset =
			input.data === undefined ? await run.dataset() : await loadData(context, input.data, record.seed, run.dataRoot)
		const images = Math.max(1, Math.round(record.images * input.share))
		const follow = followAttack(context, 'computing again', images, (record.stages?.length ?? 1) > 1)
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
		if (!found) throw stopped('Stopped. Nothing was saved; the same command computes it again.')
		return { run: run.directory, record: path, share, seed, ...found }
	},
})
