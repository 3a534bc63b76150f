/** From the name of an experiment to its plan: models and data are loaded once, whatever number of experiments needs them. */

import { existsSync } from 'node:fs'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Dataset } from '../data/dataset.js'
import { loadPreset } from '../methods/tuning/presets.js'
import type { ClipModel } from '../vlm/model.js'
import type { NamedModel } from './cells.js'
import { type DefinitionChanges, type ExperimentDefinition, loadExperiment } from './definition.js'
import type { ExperimentResult } from './experiment-result.js'
import { type Plan, planExperiment } from './plan.js'

/** What the points of robust accuracy over epsilon are called where conditions are chosen. */
const curveCondition = 'epsilon-curve'

/** An experiment that can be run. */
export interface PreparedExperiment {
	readonly plan: Plan
	readonly quick: boolean
	/** Data sets of the definition that could not be loaded, with what the error said. */
	readonly missing: ExperimentResult['missing']
}

/** What {@link prepareExperiments} needs. */
export interface PrepareInput {
	/** Names of experiments of the package, or paths of `.json` files; at least one. */
	readonly experiments: readonly string[]
	readonly quick: boolean
	/** Entries of the definitions that whoever runs them replaces. */
	readonly changes?: DefinitionChanges
	/** The only methods and conditions that are wanted; all by default. */
	readonly methods?: readonly string[]
	readonly conditions?: readonly string[]
	/** Test images per cell at most. */
	readonly limit?: number
	readonly loadModel: (name: string) => Promise<ClipModel>
	/** @param seed Of the split, where data come without one. */
	readonly loadData: (name: string, seed: number) => Promise<Dataset>
}

/**
 * Loads everything that experiments need and plans their cells. Data sets that cannot be loaded are left out, as long as
 * one is there.
 * @throws NaptuneError for unknown names, an experiment none of whose data sets is there, or whatever the plan refuses.
 */
export async function prepareExperiments(input: PrepareInput): Promise<PreparedExperiment[]> {
	const names = [...new Set(input.experiments)]
	if (names.length === 0) throw new NaptuneError('Name at least one experiment.')
	const models = new Map<string, Promise<NamedModel>>()
	const datasets = new Map<string, Promise<Dataset | NaptuneError>>()
	const prepared = []
	for (const name of names) {
		const whole = await loadExperiment(name, {
			quick: input.quick,
			...defined({ changes: input.changes || undefined }),
		})
		prepared.push(await prepareExperiment(narrowed(whole, input), input, models, datasets))
	}
	const titles = prepared.map(({ plan }) => plan.definition.name)
	const twice = titles.find((title, index) => titles.indexOf(title) !== index)
	if (twice !== undefined) throw new NaptuneError(`Two experiments are called ${twice}; give one another name.`)
	return prepared
}

async function prepareExperiment(
	definition: ExperimentDefinition,
	{ quick, loadModel, loadData }: PrepareInput,
	models: Map<string, Promise<NamedModel>>,
	datasets: Map<string, Promise<Dataset | NaptuneError>>,
): Promise<PreparedExperiment> {
	const preset = await loadPreset(definition.preset)
	const { classifiers = [], substitute } = definition.surrogateFiles ?? {}
	for (const file of substitute === undefined ? classifiers : [...classifiers, substitute]) {
		if (existsSync(file)) continue
		throw new NaptuneError(`The surrogate ${file} does not exist; give the path of an .onnx file.`)
	}
	const found: Dataset[] = []
	const missing: ExperimentResult['missing'][number][] = []
	for (const dataset of definition.datasets) {
		const key = `${definition.evaluationSeed} ${dataset}`
		if (!datasets.has(key)) datasets.set(key, loadData(dataset, definition.evaluationSeed).catch(onlyOurs))
		const loaded = await datasets.get(key)!
		if (loaded instanceof NaptuneError) missing.push({ dataset, reason: loaded.message })
		else found.push(loaded)
	}
	if (found.length === 0) {
		throw new NaptuneError(
			`No data set of ${definition.name} is there:\n${missing.map(({ reason }) => `  ${reason}`).join('\n')}`,
		)
	}
	const twice = found.find(({ name }, index) => found.findIndex((other) => other.name === name) !== index)
	if (twice) {
		throw new NaptuneError(
			`Two data sets of ${definition.name} are called ${twice.name}, and results tell them apart by name alone. Rename one, or run them one by one.`,
		)
	}
	const named = await Promise.all(
		definition.models.map((name) => {
			if (!models.has(name))
				models.set(
					name,
					loadModel(name).then((clip) => ({ name, clip })),
				)
			return models.get(name)!
		}),
	)
	const plan = planExperiment({ definition, preset, models: named, datasets: found })
	return { plan, quick, missing }
}

/** An error that says what to do is a reason to leave data out; any other one is ours. */
function onlyOurs(error: unknown): NaptuneError {
	if (error instanceof NaptuneError) return error
	throw error
}

/** The definition with the methods, conditions and images that are wanted. */
function narrowed(
	definition: ExperimentDefinition,
	{ methods, conditions, limit }: PrepareInput,
): ExperimentDefinition {
	const keptMethods = chosen('method', methods, Object.keys(definition.methods), definition.name)
	const names = [...definition.conditions.map(({ name }) => name), ...(definition.epsilonCurve ? [curveCondition] : [])]
	const keptConditions = chosen('condition', conditions, names, definition.name)
	// Clean accuracy is read from an attack's records, which must then be made.
	const orphan = definition.conditions.find(
		({ name, cleanOf }) => cleanOf !== undefined && keptConditions.includes(name) && !keptConditions.includes(cleanOf),
	)
	if (orphan) {
		throw new NaptuneError(
			`Condition ${orphan.name} of ${definition.name} is read from the records of ${orphan.cleanOf}; ask for both.`,
		)
	}
	const kept = (name: string) => keptMethods.includes(name)
	const { axis, epsilonCurve, reference, images } = definition
	const axisMethods = axis?.methods.filter(kept) ?? []
	const curveMethods = keptConditions.includes(curveCondition) ? (epsilonCurve?.methods.filter(kept) ?? []) : []
	const { axis: _, epsilonCurve: __, reference: ___, ...rest } = definition
	const conditionsLeft = definition.conditions.filter(({ name }) => keptConditions.includes(name))
	if (conditionsLeft.length + curveMethods.length === 0) {
		throw new NaptuneError(
			`Robust accuracy over epsilon is measured for ${epsilonCurve?.methods.join(', ')} in ${definition.name}; ask for one of them, or for other conditions.`,
		)
	}
	const most = limit ?? Number.POSITIVE_INFINITY
	const limited = Object.fromEntries(Object.entries(images).map(([name, count]) => [name, Math.min(count, most)]))
	return {
		...rest,
		methods: Object.fromEntries(Object.entries(definition.methods).filter(([name]) => kept(name))),
		conditions: conditionsLeft,
		shown: definition.shown.filter(kept),
		images: limit === undefined ? images : { default: limit, ...limited },
		...defined({
			axis: axis && axisMethods.length > 0 ? { ...axis, methods: axisMethods } : undefined,
			epsilonCurve: epsilonCurve && curveMethods.length > 0 ? { ...epsilonCurve, methods: curveMethods } : undefined,
			reference: reference !== undefined && kept(reference) ? reference : undefined,
		}),
	}
}

/** Those that are wanted, in the definition's order. */
function chosen(
	what: string,
	wanted: readonly string[] | undefined,
	known: readonly string[],
	experiment: string,
): readonly string[] {
	const unknown = wanted?.find((name) => !known.includes(name))
	if (unknown !== undefined) {
		throw new NaptuneError(`${experiment} has no ${what} ${unknown}; it has ${known.join(', ')}.`)
	}
	return wanted ? known.filter((name) => wanted.includes(name)) : known
}
