/** Checks whether a tuned run is really robust, or the attacks on it merely fail. */

import { join } from 'node:path'
import { z } from 'zod'
import { threatModel } from '../attacks/sets/threat-model.js'
import { defined } from '../core/defined.js'
import { auditEfforts } from '../evaluation/audit/audit-input.js'
import { recordedAudit } from '../evaluation/audit/recorded-audit.js'
import { auditChecks } from '../evaluation/audit/registry.js'
import { auditResultSchema } from '../records/audit.js'
import { modelName, recordFile, runFolders } from '../records/names.js'
import { seconds } from '../records/parts/fields.js'
import {
	countField,
	epsilonField,
	runFields,
	seedField,
	settingsField,
	splitField,
	unreadableField,
} from './common/fields.js'
import { readableImages } from './common/images.js'
import { chosenImages, tunedRun } from './common/inputs.js'
import { protocolText } from './common/protocol-text.js'
import { attackedFields, noticesField } from './common/result-fields.js'
import { stopped } from './common/stopped.js'
import { chosenTestTime } from './common/test-time.js'
import { defineJob, startTask } from './job.js'

/** Default number of images of a full and of a quick audit. */
export const auditedImages = { full: 100, quick: 40 } as const

/** The input of {@link audit}. */
export const auditInput = z.strictObject({
	...runFields,
	/** L-infinity size of the attacks; by default the size of the run's preset, or of its inner attack. */
	epsilon: epsilonField.optional(),
	/** Images to attack. */
	split: splitField.default('test'),
	/** How many of them, balanced over the classes; by default 100, or 40 in a quick audit. */
	limit: countField.optional(),
	/** Fewer images, steps and queries. */
	quick: z.boolean().default(false),
	/** Test-time defense to audit the run with. */
	testTime: z.string().optional(),
	/** Its options that override its defaults. */
	testTimeSet: settingsField,
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
	/** Seed of the attacks and of the choice of images. */
	seed: seedField.default(1),
	/** What to do with unreadable images: `stop`, or `exclude` them, which the job reports and records. */
	unreadable: unreadableField,
})

/** The result of {@link audit}. */
export const auditJobResult = z.object({
	run: z.string().describe('The run directory.'),
	model: z.string().describe('The audited model, such as `nap` or `nap + ttc`.'),
	...attackedFields,
	notices: noticesField,
	passed: z.boolean().describe('Whether no check failed.'),
	results: z.array(auditResultSchema).describe('One result per check, in their order.'),
	seconds: seconds.describe('Wall-clock time, summed over all processes that worked on it.'),
	record: z.string().describe('File of the record.'),
})

/**
 * Checks whether the measured robustness of a tuned run is real: whether gradients, attacks and the control behave as they
 * must where nothing hides the gradient. Writes a record; a stopped audit resumes where it stopped.
 * @throws NaptuneError when the run or its data cannot be used. A failing check is a result, not an error; see `passed`.
 */
export const audit = defineJob({
	name: 'audit',
	doc: 'Check whether the measured robustness of a tuned run is real: whether gradients, attacks and the control behave as they must where nothing hides the gradient. Writes a record; a stopped audit resumes where it stopped. Exits with 3 when a check fails.',
	input: auditInput,
	result: auditJobResult,
	async run(input, context) {
		const run = await tunedRun(context, input)
		const threat = threatModel('linf', input.epsilon ?? run.protocol.epsilon)
		const effort = input.quick ? 'quick' : 'full'
		const testTime = chosenTestTime(input.testTime, input.testTimeSet, run.trainedEpsilon)
		const whole = await run.dataset()
		const chosen = chosenImages(whole, { ...input, limit: input.limit ?? auditedImages[effort] })
		const { dataset, split } = await readableImages(context, whole, chosen, input.split, input.unreadable)
		const { clip, defense, parameters } = run
		const model = modelName({ defense, testTime })
		const attacked = { data: dataset.name, ...threat, split: input.split, images: split.length, seed: input.seed }
		context.onNote({ kind: 'plan', text: `${model}, ${protocolText(attacked)}` })
		const folder = join(run.directory, runFolders.audits)
		context.onFolder(folder)
		const { split: splitName, images, seed } = attacked
		const subject = `${model.replaceAll(' ', '')}-${effort}`
		const record = join(folder, recordFile({ subject, threatModel: threat, split: splitName, images, seed }))
		const task = startTask(context, 'auditing', auditChecks.length, 'checks')
		let at = { done: 0, id: '' }
		const found = await recordedAudit({
			engine: await context.engine(),
			clip,
			defense,
			parameters,
			dataset,
			splitName: input.split,
			split,
			threatModel: threat,
			seed: input.seed,
			batchSize: input.batchSize,
			effort: auditEfforts[effort],
			path: record,
			...defined({ testTime }),
			signal: context.signal,
			onCheck(id, done) {
				at = { done, id }
				task.update(done, id)
			},
			onAttack: (description) => task.update(at.done, `${at.id}: ${description}`),
		}).finally(task.end)
		if (!found) throw stopped('Stopped. The results so far are saved; run the same command again to resume.')
		return {
			run: run.directory,
			model,
			...attacked,
			notices: dataset.notices,
			passed: found.passed,
			results: found.results,
			seconds: found.seconds,
			record,
		}
	},
})
