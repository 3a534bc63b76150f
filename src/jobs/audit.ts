/** Whether the robustness of a tuned run is real, or the attacks on it do not work. */

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

/** Images by default, and of a quick audit. */
export const auditedImages = { full: 100, quick: 40 } as const

/** The input of {@link audit}. */
export const auditInput = z.strictObject({
	...runFields,
	/** L-infinity size of the attacks; by default that of the run's preset, or of its inner attack. */
	epsilon: epsilonField.optional(),
	/** Images to attack. */
	split: splitField.default('test'),
	/** So many of them, balanced over the classes; by default 100, of a quick audit 40. */
	limit: countField.optional(),
	/** Fewer images, steps and queries. */
	quick: z.boolean().default(false),
	/** Test-time defense to audit the run with. */
	testTime: z.string().optional(),
	/** Options of it, over its own. */
	testTimeSet: settingsField,
	/** Images at once; changes the speed only. */
	batchSize: countField.default(50),
	/** Of the attacks and of the choice of images. */
	seed: seedField.default(1),
	/** What an image that cannot be read does: `stop`, or `exclude`, which is reported and recorded. */
	unreadable: unreadableField,
})

/** The result of {@link audit}. */
export const auditJobResult = z.object({
	run: z.string().describe('The run directory.'),
	model: z.string().describe('What was audited, such as `nap` or `nap + ttc`.'),
	...attackedFields,
	notices: noticesField,
	passed: z.boolean().describe('Whether no check failed.'),
	results: z.array(auditResultSchema).describe('In the order of the checks.'),
	seconds: seconds.describe('Wall-clock time of all processes that worked on it.'),
	record: z.string().describe('The file.'),
})

/**
 * Checks whether the measured robustness of a tuned run is real: whether gradients, attacks and the control behave as they
 * must where nothing hides the gradient. Writes a record; a stopped audit resumes where it stopped.
 * @throws NaptuneError when the run or its data cannot be used. A check that fails is no error: see `passed`.
 */
export const audit = defineJob({
	name: 'audit',
	doc: 'Check whether the measured robustness of a tuned run is real: whether gradients, attacks and the control behave as they should when nothing hides the gradient. Writes a record; a stopped audit resumes where it stopped. Exits with 3 if a check fails.',
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
		if (!found) throw stopped('Stopped. What was found is saved; run the same command again to resume.')
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
