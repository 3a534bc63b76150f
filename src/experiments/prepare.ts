/** Turns definitions into plans, loading models and data once for all experiments. */

import { existsSync } from 'node:fs'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import type { Dataset } from '../data/dataset.js'
import { loadPreset, type Preset } from '../methods/tuning/presets.js'
import type { ClipModel } from '../vlm/model.js'
import { actionable } from './actionable.js'
import type { NamedModel } from './cells.js'
import type { ExperimentDefinition } from './definition.js'
import type { ExperimentResult } from './experiment-result.js'
import { type Plan, planExperiment } from './plan.js'
import { writtenSurrogate } from './surrogate-text.js'

/** An experiment that can run. */
export interface PreparedExperiment {
	readonly plan: Plan
	/** Whether it is the small one on the embedded model and data. */
	readonly quick: boolean
	/** Data sets of the definition that failed to load, with their errors. */
	readonly missing: ExperimentResult['missing']
}

/** The input of {@link prepareExperiments}. */
export interface PrepareInput {
	/** From `loadExperiment` or `experimentOf`; at least one. */
	readonly definitions: readonly ExperimentDefinition[]
	readonly quick: boolean
	/** Name of the folder of the only experiment; default: the experiment's name. */
	readonly folder?: string
	/** Appended to the folder name of every experiment, if choices make a different table of it. */
	readonly suffix?: string
	readonly loadModel: (name: string) => Promise<ClipModel>
	/** @param seed Seed of the split, for data without one. */
	readonly loadData: (name: string, seed: number) => Promise<Dataset>
}

/**
 * Loads everything that experiments need and plans their cells. Data sets that fail to load are left out, as long as one
 * remains.
 * @throws NaptuneError for an experiment without any available data set, or whatever the plan rejects.
 */
export async function prepareExperiments(input: PrepareInput): Promise<PreparedExperiment[]> {
	const { definitions } = input
	if (definitions.length === 0) throw new NaptuneError('NAP_OPTION_MISSING', 'Name at least one experiment.')
	const titles = definitions.map(({ name }) => name)
	const twice = titles.find((title, index) => titles.indexOf(title) !== index)
	if (twice !== undefined)
		throw new NaptuneError('NAP_OPTION_CONFLICT', `Two experiments are called ${twice}; rename one.`)
	const loaded = {
		model: once(async (name: string): Promise<NamedModel> => ({ name, clip: await input.loadModel(name) })),
		dataset: once((name: string, seed: number) => input.loadData(name, seed).catch(actionable)),
	}
	const prepared = []
	for (const definition of definitions) prepared.push(await prepareExperiment(definition, input, loaded))
	return prepared
}

async function prepareExperiment(
	definition: ExperimentDefinition,
	{ quick, suffix, folder = suffix === undefined ? undefined : `${definition.name}-${suffix}` }: PrepareInput,
	loaded: {
		readonly model: (name: string) => Promise<NamedModel>
		readonly dataset: (name: string, seed: number) => Promise<Dataset | NaptuneError>
	},
): Promise<PreparedExperiment> {
	const preset = await loadPreset(definition.preset)
	const presets = new Map<string, Preset>()
	for (const { preset: own } of Object.values(definition.methods)) {
		if (own !== undefined) presets.set(own, await loadPreset(own))
	}
	requireSurrogates(definition)
	const datasets: Dataset[] = []
	const missing: ExperimentResult['missing'][number][] = []
	for (const name of definition.datasets) {
		const found = await loaded.dataset(name, definition.evaluationSeed)
		if (found instanceof NaptuneError) missing.push({ dataset: name, reason: found.message })
		else datasets.push(found)
	}
	if (datasets.length === 0) {
		throw new NaptuneError(
			'NAP_DATA_MISSING',
			`No data set of ${definition.name} is available:\n${missing.map(({ reason }) => `  ${reason}`).join('\n')}`,
		)
	}
	const twice = datasets.find(({ name }, index) => datasets.findIndex((other) => other.name === name) !== index)
	if (twice) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`Two data sets of ${definition.name} are called ${twice.name}, and results identify data sets by name. Rename one, or run them separately.`,
		)
	}
	const models = await Promise.all(definition.models.map((name) => loaded.model(name)))
	const plan = planExperiment({ definition, preset, presets, models, datasets, ...defined({ folder }) })
	return { plan, quick, missing }
}

function requireSurrogates({ surrogateFiles, datasets, name }: ExperimentDefinition): void {
	const { classifiers = [], substitute } = surrogateFiles ?? {}
	for (const text of substitute === undefined ? classifiers : [...classifiers, substitute]) {
		const { path: file, dataset } = writtenSurrogate(text)
		if (dataset !== undefined && !datasets.includes(dataset)) {
			throw new NaptuneError(
				'NAP_NAME_UNKNOWN',
				`The surrogate ${text} is for ${dataset}, which is not a data set of ${name}; it has ${datasets.join(', ')}.${didYouMean(dataset, datasets)}`,
			)
		}
		if (existsSync(file)) continue
		throw new NaptuneError('NAP_FILE_MISSING', `The surrogate ${file} does not exist; give the path of an .onnx file.`)
	}
}

/** Returns the same promise for the same arguments. */
function once<Given extends readonly unknown[], Made>(
	make: (...given: Given) => Promise<Made>,
): (...given: Given) => Promise<Made> {
	const made = new Map<string, Promise<Made>>()
	return (...given) => {
		const key = JSON.stringify(given)
		const found = made.get(key) ?? make(...given)
		made.set(key, found)
		return found
	}
}
