/** Tunes and attacks several methods under one protocol, and compares them side by side. */

import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { epsilonText } from '../attacks/sets/size-text.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import type { Dataset } from '../data/dataset.js'
import { correctedProbabilities } from '../experiments/correction.js'
import { type ExperimentDefinition, experimentOf, isPackaged, loadExperiment } from '../experiments/definition.js'
import { experimentOfPreset } from '../experiments/definition-of-preset.js'
import type { ExperimentResult } from '../experiments/experiment-result.js'
import { narrowed } from '../experiments/narrow.js'
import { type PreparedExperiment, prepareExperiments } from '../experiments/prepare.js'
import { runExperiments } from '../experiments/run-experiments.js'
import { checkCells } from '../experiments/tuned-cell.js'
import { mergeSettings } from '../methods/tuning/configuration.js'
import { loadPreset } from '../methods/tuning/presets.js'
import { experimentForm } from '../records/experiment.js'
import { accuracySchema } from '../records/parts/accuracy.js'
import { count, positive, seconds, share } from '../records/parts/fields.js'
import { grouped, normText } from '../report/number-text.js'
import {
	countField,
	dataField,
	dataRootField,
	epsilonField,
	modelField,
	seedField,
	settingsField,
	unreadableField,
} from './common/fields.js'
import { type ExperimentEvent, followCells } from './common/follow-cells.js'
import { readableImages, unreadableOfRuns } from './common/images.js'
import { chosenImages, loadData, loadModel } from './common/inputs.js'
import { attackedFields } from './common/result-fields.js'
import { stopped } from './common/stopped.js'
import { defineJob, type JobContext } from './job.js'

/** The input of {@link compare}. */
export const compareInput = z.strictObject({
	/** A CLIP checkpoint: a folder, or an id of the Hugging Face hub. */
	model: modelField,
	/** A folder of class folders, a manifest, a data set of the hub, or the name of a data set. */
	data: dataField,
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Folder of all runs; the job continues a comparison that it already holds. By default `runs/compare-PRESET`. */
	output: z.string().optional(),
	/**
	 * Experiment of one attack, such as `fair` or `ablation`, or a preset under which all methods are tuned; by default
	 * `fair`.
	 */
	preset: z.string().optional(),
	/** The small form of the experiment. */
	quick: z.boolean().default(false),
	/** Methods, or rows of an ablation; vanilla CLIP is always included. By default all. */
	defenses: z.array(z.string()).min(1).readonly().optional(),
	/** Test images to attack, balanced over the classes; by default the experiment's. */
	images: countField.optional(),
	/** Name of the attack; by default the experiment's. */
	attack: z.string().optional(),
	/** L-infinity size of inner attack and attack; by default the experiment's. */
	epsilon: epsilonField.optional(),
	/** Seed of tuning, choice of images and attack; by default the experiment's. */
	seed: seedField.optional(),
	/** Other tuning settings for all methods, such as `{ epochs: 5 }`. */
	set: settingsField,
	/** What to do with unreadable images: `stop`, or `exclude` them, which the job reports and records. */
	unreadable: unreadableField,
})

const method = z.object({
	defense: z.string().describe('Name of the method or of the ablation row.'),
	trainableParameters: count,
	clean: accuracySchema,
	robust: accuracySchema,
	paired: z
		.object({
			onlyThis: count.describe('Images that only this method gets right under attack.'),
			onlyReference: count.describe('Images that only the reference gets right under attack.'),
			p: share.describe('Exact two-sided McNemar p-value.'),
			correctedP: share.describe("The p-value, corrected by Holm's method over all methods except the reference."),
		})
		.nullable()
		.describe('Paired with the reference on the same images; null for the reference itself.'),
	tuningSeconds: seconds,
	evaluationSeconds: seconds,
})

/** The result of {@link compare}. */
export const compareResult = z.object({
	experiment: z.object({ name: z.string(), version: positive, preset: z.string() }),
	output: z.string().describe('Folder of all runs, with every outcome.'),
	record: z.string().describe('File of the result, from which naptune report makes a page.'),
	model: z.string(),
	attack: z.string(),
	...attackedFields,
	reference: z.string().describe('Method to which the others are compared.'),
	methods: z.array(method),
	problems: experimentForm.schema.shape.problems.describe('What could not be measured.'),
	seconds: seconds.describe('Wall-clock time of this call.'),
})

type Input = z.output<typeof compareInput>

/**
 * Tunes every method with the same budget, and attacks all of them and vanilla CLIP. A stopped comparison resumes where it
 * stopped.
 * @throws NaptuneError for names or settings that do not exist, or a folder that holds other runs, before anything is
 * computed.
 */
export const compare = defineJob({
	name: 'compare',
	doc: 'Tune every method with the same budget, attack all of them and vanilla CLIP, and print one table. A stopped comparison resumes where it stopped.',
	input: compareInput,
	result: compareResult,
	async run(input, context: JobContext<ExperimentEvent>) {
		const started = performance.now()
		const preset = input.preset ?? 'fair'
		const definition = await definitionOf(input, preset)
		const output = resolve(input.output ?? join('runs', `compare-${preset}${input.quick ? '-quick' : ''}`))
		const whole = await loadData(context, input.data, definition.evaluationSeed, input.dataRoot)
		const dataset = await attackable(whole, input, definition, context)
		const experiments = await prepareExperiments({
			definitions: [definition],
			quick: input.quick,
			folder: basename(output),
			loadModel: (name) => loadModel(context, name),
			loadData: async () => dataset,
		})
		const { plan } = at(experiments, 0)
		const unreadable = unreadableOfRuns(context, whole, input.unreadable)
		context.onNote({ kind: 'plan', text: planText(plan, whole) })
		const { end, ...follow } = followCells(context)
		const cells = {
			...follow,
			engine: await context.engine(),
			output: dirname(output),
			signal: context.signal,
			unreadable: (_: Dataset, sample: Parameters<typeof unreadable>[0]) => unreadable(sample),
		}
		await checkCells(
			cells,
			plan.cells.map(({ cell }) => cell),
		)
		// A comparison makes one table, not a report, which would open the runs.
		const finished = await runExperiments({ ...cells, experiments, look: false }).finally(end)
		if (!finished) {
			throw stopped(`Stopped. The work so far is saved in ${output}; run the same command again to resume.`)
		}
		const { result, file } = at(finished, 0)
		return {
			experiment: { name: definition.name, version: definition.version, preset: definition.preset },
			output,
			record: file,
			...protocolOf(result, plan),
			methods: methodsOf(result),
			problems: result.problems,
			seconds: (performance.now() - started) / 1000,
		}
	},
})

/** The experiment with the input's changes, before anything is loaded. */
async function definitionOf(input: Input, preset: string): Promise<ExperimentDefinition> {
	const { model, data, seed, epsilon, images, attack, quick } = input
	const overrides = mergeSettings([epsilon === undefined ? {} : { attack: { epsilon } }, input.set])
	const changes = defined({
		models: [model],
		datasets: [data],
		seeds: seed === undefined ? undefined : [seed],
		evaluationSeed: seed,
		epsilon: epsilon === undefined ? undefined : epsilonText(epsilon),
		images,
		conditions: attack === undefined ? undefined : ['clean', attack],
		overrides: Object.keys(overrides).length > 0 ? overrides : undefined,
	})
	if (!isPackaged(preset) && quick) {
		throw new NaptuneError('NAP_OPTION_CONFLICT', `Preset ${preset} has no small form; omit --quick.`)
	}
	const whole = isPackaged(preset)
		? await loadExperiment(preset, { quick, changes: { ...changes, folders: 'by-method' } })
		: experimentOf({ ...experimentOfPreset(await loadPreset(preset)), ...changes })
	const attacks = whole.conditions.filter((condition) => condition.attack !== undefined)
	if (attacks.length !== 1 || whole.epsilonCurve) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`A comparison uses one attack, but experiment ${preset} has several. Run naptune reproduce ${preset}, or choose one with --attack.`,
		)
	}
	return narrowed(whole, defined({ methods: wantedMethods(whole, input.defenses) }))
}

function wantedMethods(
	{ methods }: ExperimentDefinition,
	wanted: readonly string[] | undefined,
): readonly string[] | undefined {
	if (!wanted) return undefined
	const tuned = Object.keys(methods).filter((name) => name !== 'vanilla')
	const unknown = wanted.find((name) => !tuned.includes(name))
	if (unknown !== undefined) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`${unknown} is not a method of this comparison; choose from ${tuned.join(', ')}. Vanilla CLIP is always included.${didYouMean(unknown, tuned)}`,
		)
	}
	return ['vanilla', ...wanted]
}

/** The data with readable test images only, if unreadable ones should be excluded. */
async function attackable(
	whole: Dataset,
	{ unreadable }: Input,
	{ images, evaluationSeed: seed }: ExperimentDefinition,
	context: JobContext<ExperimentEvent>,
): Promise<Dataset> {
	if (unreadable === 'stop') return whole
	const chosen = chosenImages(whole, { split: 'test', limit: images.default, seed })
	const { dataset, split } = await readableImages(context, whole, chosen, 'test', unreadable)
	return { ...dataset, test: split }
}

function planText({ definition, cells, datasets }: PreparedExperiment['plan'], { test }: Dataset): string {
	const { attack, threatModel, split, evaluationSeed } = at(at(cells, 0).attacks, 0)
	const methods = Object.keys(definition.methods).filter((name) => name !== 'vanilla')
	return `${definition.title} (${definition.name}, version ${definition.version}) on ${at(datasets, 0).name}: ${methods.join(', ')}; then ${attack} at ${normText(threatModel.norm)} epsilon ${epsilonText(threatModel.epsilon)} on ${split.length} of ${grouped(test.length)} test images, seed ${evaluationSeed}.`
}

function protocolOf({ models, reference, datasets }: ExperimentResult, { cells }: PreparedExperiment['plan']) {
	const { attack, threatModel, split, evaluationSeed } = at(at(cells, 0).attacks, 0)
	return {
		model: at(models, 0),
		data: at(datasets, 0),
		attack,
		...threatModel,
		split: 'test',
		images: split.length,
		seed: evaluationSeed,
		reference: reference ?? 'vanilla',
	}
}

/** One row per method with a measured clean accuracy and attack. */
function methodsOf(result: ExperimentResult): z.output<typeof method>[] {
	const corrected = correctedProbabilities(result)
	const attacked = new Set(result.conditions.flatMap(({ name, attack }) => (attack ? [name] : [])))
	return result.methods.flatMap(({ name }) => {
		const own = result.cells.filter((cell) => cell.method === name)
		const [robust, clean] = [true, false].map((under) => own.find(({ condition }) => attacked.has(condition) === under))
		if (!robust || !clean) return []
		const { paired, trainableParameters = 0 } = robust
		const seed = at(robust.seeds, 0)
		return [
			{
				defense: name,
				trainableParameters,
				clean: { accuracy: clean.accuracy, interval: [...clean.interval] },
				robust: { accuracy: robust.accuracy, interval: [...robust.interval] },
				paired: paired
					? {
							onlyThis: paired.onlyThis,
							onlyReference: paired.onlyReference,
							p: paired.p,
							correctedP: corrected.get(robust) ?? paired.p,
						}
					: null,
				tuningSeconds: seed.tuningSeconds,
				evaluationSeconds: seed.evaluationSeconds,
			},
		]
	})
}
