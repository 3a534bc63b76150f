/** Measures clean and robust accuracy of a tuned run, with vanilla CLIP as the control. */

import { join, resolve } from 'node:path'
import { z } from 'zod'
import { prepareAttack } from '../attacks/registry.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Immutable } from '../core/immutable.js'
import { type Dataset, idsOf } from '../data/dataset.js'
import { prepareDefense } from '../defenses/registry.js'
import { controlDefense } from '../evaluation/deployed/control.js'
import { usualKnowledge } from '../evaluation/deployed/knowledge.js'
import type { TunedRun } from '../evaluation/deployed/tuned-run.js'
import { readAdversarialImages } from '../evaluation/stores/adversarial-images.js'
import { requireStored, storedAttack } from '../evaluation/stores/stored-attack.js'
import { runFolders, withOptions } from '../records/names.js'
import { accuracySchema, passesSchema, stageSchema } from '../records/parts/accuracy.js'
import { knowledgeNames } from '../records/parts/attack.js'
import { seconds } from '../records/parts/fields.js'
import { norms } from '../records/parts/threat-model.js'
import { chosenTarget, chosenThreat } from './common/evaluated-attack.js'
import {
	countField,
	runFields,
	seedField,
	settingsField,
	sizeField,
	splitField,
	unreadableField,
} from './common/fields.js'
import { readableImages } from './common/images.js'
import { chosenImages, loadData, tunedRun } from './common/inputs.js'
import { attackerKnows, type MeasuredRow, measureModel } from './common/measure-model.js'
import { plannedRows } from './common/planned-rows.js'
import { protocolText } from './common/protocol-text.js'
import { attackedFields, noticesField } from './common/result-fields.js'
import { stopped } from './common/stopped.js'
import { storedImages } from './common/stored-images.js'
import { chosenTestTime } from './common/test-time.js'
import { evaluationRun, trackEvaluation, trackingFields, withTracker } from './common/tracking.js'
import { verdictOfRecords } from './common/verdict.js'
import { defineJob, type JobContext } from './job.js'

/** The input of {@link evaluate}. */
export const evaluateInput = z.strictObject({
	...runFields,
	/** Name of an attack; by default the attack of the run's preset, or `pgd-100`. */
	attack: z.string().optional(),
	/** Options of the attack that override its defaults. */
	set: settingsField,
	/** What the attacker knows, one level or more; by default every level that the attack can use. */
	knowledge: z.array(z.enum(knowledgeNames)).readonly().optional(),
	/** Class for which the model should mistake images; needs a targeted attack. By default any class but the true one. */
	target: z.string().optional(),
	/** Folder of stored adversarial images to score; by default the job attacks images now. */
	images: z.string().optional(),
	/** Folder in which to store adversarial images, one subfolder per row; by default they are not stored. */
	keepImages: z.string().optional(),
	/** Norm of the perturbation. */
	norm: z.enum(norms).default('linf'),
	/** Size of the perturbation; by default, in L-infinity, the size of the run's preset, or of its inner attack. */
	epsilon: sizeField.optional(),
	/** Test-time defense with which to measure every model as well. */
	testTime: z.string().optional(),
	/** Its options that override its defaults. */
	testTimeSet: settingsField,
	/** Other data to attack, with their own classes; by default the run's. */
	data: z.string().optional(),
	/** Images to attack. */
	split: splitField.default('test'),
	/** So many of them, balanced over the classes; by default all, or with `images` those of the store. */
	limit: countField.optional(),
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
	/** Seed of the attack and of the choice of images. */
	seed: seedField.default(1),
	/** Whether to measure vanilla CLIP as the control. */
	vanilla: z.boolean().default(true),
	/** Prompts of the control: the name of an ensemble, or templates with `{}`; by default the data set's own. */
	vanillaTemplates: z.union([z.string(), z.array(z.string()).readonly()]).optional(),
	/** What to do with unreadable images: `stop`, or `exclude` them, which the job reports and records. */
	unreadable: unreadableField,
	...trackingFields,
})

const rowSchema = z.object({
	defense: z.string(),
	attack: z.string(),
	knowledge: z
		.enum([...knowledgeNames, 'either'])
		.describe('`either` is the worse of full knowledge and transfer for each image.'),
	testTime: z.string().exactOptional().describe('Test-time defense around the model.'),
	attackerKnows: z.string().describe('The knowledge in words.'),
	clean: accuracySchema,
	robust: accuracySchema,
	reached: accuracySchema
		.exactOptional()
		.describe(
			'For a targeted attack: share of the attacked images of other classes that the model mistakes for the target.',
		),
	stages: z.array(stageSchema).exactOptional().describe('Stages of an attack that has several.'),
	passes: passesSchema.exactOptional().describe('Images passed through models; missing in older records.'),
	seconds: seconds.describe('Wall-clock time, summed over all processes that worked on it.'),
	record: z.string().exactOptional().describe('File that holds every outcome.'),
	records: z.array(z.string()).exactOptional().describe('Records of a row that is the worst of several.'),
})

/** The result of {@link evaluate}. */
export const evaluateResult = z.object({
	run: z.string().describe('The run directory.'),
	attack: z.string().describe("The chosen attack; a row may use another if its attacker's knowledge requires it."),
	...attackedFields,
	target: z.string().exactOptional().describe('The class for which the model should mistake images.'),
	store: z.string().exactOptional().describe('The store of the scored images.'),
	stores: z.array(z.string()).exactOptional().describe('Stores of the images made by this evaluation.'),
	notices: noticesField,
	rows: z.array(rowSchema),
	verdict: z
		.array(z.string())
		.describe(
			'What the rows show, in the sentences that open a report; if the model is worse than vanilla CLIP, the first sentence says so with the paired test.',
		),
})

type Input = z.output<typeof evaluateInput>

/**
 * Attacks a tuned model and counts what it still gets right; vanilla CLIP under the same attack is the control. Each level
 * of attacker knowledge gives a row. A stopped evaluation resumes where it stopped; finished rows come from their records.
 * @throws NaptuneError when the run or the data cannot be used, or attack, knowledge and target do not fit together.
 */
export const evaluate = defineJob({
	name: 'evaluate',
	doc: 'Attack a tuned model and count what it still gets right; vanilla CLIP under the same attack is the control. Each level of attacker knowledge gives a row. A stopped evaluation resumes where it stopped; finished rows come from their records.',
	input: evaluateInput,
	result: evaluateResult,
	async run(input, context) {
		requireCompatible(input)
		const run = await tunedRun(context, input)
		const prepared = await prepare(input, run, context)
		const { dataset, split, attack, threat, seed, store, images } = prepared
		const found = await measureRows(input, run, prepared, context)
		const kept = found.flatMap((row) => row.store ?? [])
		return {
			run: run.directory,
			attack: attack.name,
			data: dataset.name,
			...threat,
			split: input.split,
			images: split.length,
			seed,
			...defined({
				target: input.target,
				store: store && images,
				stores: kept.length > 0 ? kept : undefined,
			}),
			notices: dataset.notices,
			rows: found.map(rowOf),
			verdict: await verdictOfRecords(
				found.flatMap(({ records }) => records),
				run,
			),
		}
	},
})

/** Prepares the data, the attack and its size. */
async function prepare(input: Input, run: TunedRun, context: JobContext) {
	const images = input.images === undefined ? undefined : resolve(input.images)
	const store = images === undefined ? undefined : await readAdversarialImages(images)
	const attack = store ? storedAttack(store) : prepareAttack(input.attack ?? run.protocol.attack, input.set)
	const seed = store?.manifest.seed ?? input.seed
	const threat = store?.manifest.threatModel ?? chosenThreat(input, run)
	const testTime = chosenTestTime(input.testTime, input.testTimeSet, run.trainedEpsilon)
	const whole = await evaluatedData(run, input, context)
	const chosen =
		store && input.limit === undefined ? storedImages(store, whole, input.split, context) : chosenImages(whole, input)
	const { dataset, split } = await readableImages(context, whole, chosen, input.split, input.unreadable)
	if (store) requireStored(store, idsOf(split))
	const target = chosenTarget(input, attack, dataset)
	return { images, store, attack, seed, threat, testTime, dataset, split, target }
}

async function measureRows(
	input: Input,
	run: TunedRun,
	{ attack, seed, threat, testTime, dataset, split, target }: Awaited<ReturnType<typeof prepare>>,
	context: JobContext,
): Promise<MeasuredRow[]> {
	const levels = input.knowledge ? [...new Set(input.knowledge)] : [usualKnowledge(attack)]
	const protocol = protocolText({
		images: split.length,
		split: input.split,
		data: dataset.name,
		...threat,
		seed,
	})
	context.onNote({ kind: 'plan', text: `${protocol}, ${attack.name}` })
	// Parameters are independent of classes, so other data only bring other class names.
	const { name, config } = run.defense
	const defense = input.data ? prepareDefense(name, run.clip, dataset.classNames, config) : run.defense
	const models = [
		...(input.vanilla ? [{ defense: controlDefense(run.clip, dataset, input.vanillaTemplates), parameters: {} }] : []),
		{ defense, parameters: run.parameters },
	]
	const folder = input.data
		? join(run.directory, runFolders.transfer, folderOf(dataset))
		: join(run.directory, runFolders.evaluations)
	const tracked = await evaluationRun(run.directory, folder, input.data && dataset.name)
	return withTracker(input, context, tracked, async (tracker) => {
		tracker.params({ run: run.directory, defense: { name, ...config }, data: dataset.name })
		const rows: MeasuredRow[] = []
		for (const { model, knowledge, known, how } of plannedRows(models, levels, attack, run, dataset, context)) {
			const measuring = {
				clip: run.clip,
				dataset,
				splitName: input.split,
				split,
				...model,
				attack: how,
				knowledge,
				known,
				threatModel: threat,
				...defined({ target }),
				seed,
				batchSize: input.batchSize,
				...(input.keepImages === undefined ? { reuse: true } : { storesIn: resolve(input.keepImages) }),
				folder,
			}
			const measured = await measureModel(context, measuring, testTime)
			if (!measured) throw stopped('Stopped. The outcomes are saved; run the same command again to resume.')
			rows.push(...measured)
			for (const row of measured) trackEvaluation(tracker, row)
		}
		return rows
	})
}

function rowOf({ row, records }: MeasuredRow): Immutable<z.output<typeof rowSchema>> {
	return {
		defense: row.defense.name,
		attack: row.attack.name,
		knowledge: row.knowledge,
		...defined({ testTime: row.testTime?.name }),
		attackerKnows: attackerKnows(row),
		clean: row.clean,
		robust: row.robust,
		...defined({ reached: row.reached, stages: row.stages, passes: row.passes }),
		seconds: row.seconds,
		...(records.length === 1 ? { record: at(records, 0) } : { records }),
	}
}

/** @throws NaptuneError for fields that exclude each other. */
function requireCompatible(input: Input): void {
	if (input.testTime !== undefined && input.knowledge) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			'With --test-time the command always attacks with full knowledge and by transfer; omit --knowledge.',
		)
	}
	if (input.images === undefined) return
	const { attack, knowledge, keepImages, epsilon, target } = input
	const [decided] = Object.keys(defined({ attack, knowledge, keepImages, epsilon, target }))
	if (decided === undefined) return
	throw new NaptuneError(
		'NAP_OPTION_CONFLICT',
		`The stored images of ${input.images} already record how they were made, so ${decided} has no effect; omit it.`,
	)
}

/** A folder name that differs if data sets of the same name have different images. */
function folderOf({ name, test }: Dataset): string {
	const ids = Array.from({ length: test.length }, (_, index) => [test.id(index), test.label(index)])
	return withOptions(name, ids)
}

async function evaluatedData(run: TunedRun, { data, seed }: Input, context: JobContext): Promise<Dataset> {
	if (data !== undefined) return loadData(context, data, seed, run.dataRoot)
	// Tuning already passed on the notices of the run's own data.
	return run.dataset()
}
