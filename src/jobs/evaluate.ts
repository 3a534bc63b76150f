/** Clean and robust accuracy of a tuned run, with vanilla CLIP as the control. */

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
import { evaluationRun, tellEvaluation, trackingFields, withTracker } from './common/tracking.js'
import { verdictOfRecords } from './common/verdict.js'
import { defineJob, type JobContext } from './job.js'

/** The input of {@link evaluate}. */
export const evaluateInput = z.strictObject({
	...runFields,
	/** Name of an attack; by default that of the run's preset, or `pgd-100`. */
	attack: z.string().optional(),
	/** Options of the attack, over its own. */
	set: settingsField,
	/** What the attacker knows, one level or more; by default all that the attack can use. */
	knowledge: z.array(z.enum(knowledgeNames)).readonly().optional(),
	/** Class that images are to be taken for; needs a targeted attack. By default any other than the true one. */
	target: z.string().optional(),
	/** Folder of adversarial images to score that were stored before; by default images are attacked now. */
	images: z.string().optional(),
	/** Folder to store adversarial images in, with a folder for each row; by default they are not stored. */
	keepImages: z.string().optional(),
	/** Norm of the perturbation. */
	norm: z.enum(norms).default('linf'),
	/** Size of the perturbation; by default, in L-infinity, that of the run's preset, or of its inner attack. */
	epsilon: sizeField.optional(),
	/** Test-time defense that every model is measured with as well. */
	testTime: z.string().optional(),
	/** Options of it, over its own. */
	testTimeSet: settingsField,
	/** Other data to attack, with their own classes; by default the run's. */
	data: z.string().optional(),
	/** Images to attack. */
	split: splitField.default('test'),
	/** So many of them, balanced over the classes; by default all, with `images` those of the store. */
	limit: countField.optional(),
	/** Images at once; changes the speed only. */
	batchSize: countField.default(50),
	/** Of the attack and of the choice of images. */
	seed: seedField.default(1),
	/** Whether vanilla CLIP is measured as the control. */
	vanilla: z.boolean().default(true),
	/** Prompts of the control: the name of an ensemble, or templates with `{}`; by default the data set's own. */
	vanillaTemplates: z.union([z.string(), z.array(z.string()).readonly()]).optional(),
	/** What an image that cannot be read does: `stop`, or `exclude`, which is reported and recorded. */
	unreadable: unreadableField,
	...trackingFields,
})

const rowSchema = z.object({
	defense: z.string(),
	attack: z.string(),
	knowledge: z
		.enum([...knowledgeNames, 'either'])
		.describe('`either` is the worse of full knowledge and transfer for each image.'),
	testTime: z.string().exactOptional().describe('Test-time defense around it.'),
	attackerKnows: z.string().describe('The knowledge in words.'),
	clean: accuracySchema,
	robust: accuracySchema,
	reached: accuracySchema
		.exactOptional()
		.describe('Of a targeted attack: share of the attacked images of other classes that are taken for the target.'),
	stages: z.array(stageSchema).exactOptional().describe('Of an attack with several.'),
	passes: passesSchema.exactOptional().describe('Images passed through models; missing in older records.'),
	seconds: seconds.describe('Wall-clock time of all processes that worked on it.'),
	record: z.string().exactOptional().describe('File with every outcome.'),
	records: z.array(z.string()).exactOptional().describe('Of a row that is the worst of several.'),
})

/** The result of {@link evaluate}. */
export const evaluateResult = z.object({
	run: z.string().describe('The run directory.'),
	attack: z
		.string()
		.describe("The attack that was asked for; a row may have another that its attacker's knowledge allows."),
	...attackedFields,
	target: z.string().exactOptional().describe('The class that images were to be taken for.'),
	store: z.string().exactOptional().describe('The store whose images were scored.'),
	stores: z.array(z.string()).exactOptional().describe('Stores of the images that were made.'),
	notices: noticesField,
	rows: z.array(rowSchema),
	verdict: z
		.array(z.string())
		.describe(
			'What the rows say, in the sentences that a report begins with: first, with the paired test, where the model is worse than vanilla CLIP.',
		),
})

type Input = z.output<typeof evaluateInput>

/**
 * Attacks a tuned model and counts what it still gets right; vanilla CLIP under the same attack is the control. Several
 * levels of knowledge give a row each. A stopped evaluation resumes where it stopped; a finished row is read from its record.
 * @throws NaptuneError when the run or the data cannot be used, or attack, knowledge and target do not go together.
 */
export const evaluate = defineJob({
	name: 'evaluate',
	doc: 'Attack a tuned model and count the images that it still classifies correctly, with vanilla CLIP under the same attack as the control. Each level of attacker knowledge is a row. A stopped evaluation resumes where it stopped, and a finished row is read from its record.',
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

/** What an evaluation is of: data, attack and its size. */
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
	// The parameters know no classes: on other data they stand beside other class names.
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
			for (const row of measured) tellEvaluation(tracker, row)
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

/** @throws NaptuneError for fields that do not go together. */
function requireCompatible(input: Input): void {
	if (input.testTime !== undefined && input.knowledge) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			'With --test-time every model is attacked with full knowledge and by transfer anyway; leave --knowledge out.',
		)
	}
	if (input.images === undefined) return
	const { attack, knowledge, keepImages, epsilon, target } = input
	const [decided] = Object.keys(defined({ attack, knowledge, keepImages, epsilon, target }))
	if (decided === undefined) return
	throw new NaptuneError(
		'NAP_OPTION_CONFLICT',
		`The stored images of ${input.images} say themselves how they were made, so ${decided} decides nothing; leave it out.`,
	)
}

/** A folder name that differs where data sets of one name have other images. */
function folderOf({ name, test }: Dataset): string {
	const ids = Array.from({ length: test.length }, (_, index) => [test.id(index), test.label(index)])
	return withOptions(name, ids)
}

async function evaluatedData(run: TunedRun, { data, seed }: Input, context: JobContext): Promise<Dataset> {
	if (data !== undefined) return loadData(context, data, seed, run.dataRoot)
	// What must be known of the run's own data was told when it was tuned.
	return run.dataset()
}
