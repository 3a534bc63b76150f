/** Turns the definition of an experiment into its cells. */

import { prepareAttack } from '../attacks/registry.js'
import { parseEpsilon, type ThreatModel, threatModel } from '../attacks/sets/threat-model.js'
import { at, entry } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { type Dataset, idsOf, type Split } from '../data/dataset.js'
import { atMost } from '../data/subsets.js'
import { controlDefense } from '../evaluation/deployed/control.js'
import { mergeSettings } from '../methods/tuning/configuration.js'
import { type Preset, presetConfig } from '../methods/tuning/presets.js'
import { jsonFingerprint } from '../records/fingerprint.js'
import { type AttackCell, cellFolder, type NamedModel, type Surrogates, type TunedCell } from './cells.js'
import type { ExperimentDefinition } from './definition.js'
import type { Condition, Problem } from './experiment-result.js'

/** A tuned cell of an experiment with all its attacks. */
export interface PlannedCell {
	readonly cell: TunedCell
	/** Value on the experiment's axis, for methods that depend on it. */
	readonly point?: number
	readonly attacks: readonly AttackCell[]
}

/** The cell that a problem belongs to. */
export function problemPlace({ cell, point }: PlannedCell): Omit<Problem, 'message'> {
	const { model, dataset, method, seed } = cell
	return { model: model.name, dataset: dataset.name, method, ...defined({ point }), seed }
}

/** An experiment ready to run. */
export interface Plan {
	readonly definition: ExperimentDefinition
	/** Name of the experiment's folder below that of all experiments. */
	readonly folder: string
	/** Rows in order, with those of the curve over epsilon last. */
	readonly conditions: readonly Condition[]
	readonly cells: readonly PlannedCell[]
	readonly models: readonly NamedModel[]
	/** Available data sets. */
	readonly datasets: readonly Dataset[]
}

/** The input of a plan. */
export interface PlanInput {
	readonly definition: ExperimentDefinition
	/** Name of the experiment's folder; default: the experiment's name. */
	readonly folder?: string
	readonly preset: Preset
	/** Presets of methods with protocols, by name. */
	readonly presets?: ReadonlyMap<string, Preset>
	readonly models: readonly NamedModel[]
	readonly datasets: readonly Dataset[]
}

/**
 * All cells of an experiment: every model, data set, method and seed, at every point of the axis if the method depends on
 * it. Vanilla CLIP is not tuned and has one seed.
 * @throws NaptuneError for unknown attacks, settings or sizes, before anything is computed.
 */
export function planExperiment(input: PlanInput): Plan {
	const { definition, models, datasets, folder = definition.name } = input
	const attacks = attackRows(definition)
	const cells = models.flatMap((model) =>
		datasets.flatMap((dataset) => {
			const splits = new Map<number, HashedSplit>()
			const attackCells = attacks.map((row) => attackCell(row, definition, dataset, splits))
			return Object.keys(definition.methods).flatMap((method) =>
				tunedCells({ ...input, folder }, model, dataset, method).map(
					({ cell, point }): PlannedCell => ({
						cell,
						...defined({ point }),
						attacks: attackCells.filter((_, index) => at(attacks, index).methods?.includes(method) ?? true),
					}),
				),
			)
		}),
	)
	return { definition, folder, conditions: conditionsOf(definition), cells, models, datasets }
}

interface AttackRow {
	readonly name: string
	readonly attack: string
	readonly options: Readonly<Record<string, unknown>>
	readonly threatModel: ThreatModel
	readonly madeOn: 'model' | 'classifiers' | 'substitute'
	/** Methods to run it on; all if missing. */
	readonly methods?: readonly string[]
}

/** The attacks of a definition, with those of the curve over epsilon last. */
function attackRows({ conditions, epsilon, epsilonCurve }: ExperimentDefinition): AttackRow[] {
	const rows = conditions.flatMap((condition): AttackRow[] =>
		condition.attack === undefined
			? []
			: [
					{
						name: condition.name,
						attack: condition.attack,
						options: condition.options,
						threatModel: threatModel('linf', parseEpsilon(condition.epsilon ?? epsilon)),
						madeOn: condition.madeOn,
					},
				],
	)
	return [...rows, ...(epsilonCurve ? curveRows(epsilonCurve) : [])]
}

function curveRows({ attack, epsilons, methods }: NonNullable<ExperimentDefinition['epsilonCurve']>): AttackRow[] {
	return epsilons.map((size) => ({
		name: curveName(attack, size),
		attack,
		options: {},
		threatModel: threatModel('linf', parseEpsilon(size)),
		madeOn: 'model',
		methods,
	}))
}

function curveName(attack: string, epsilon: string): string {
	return `${attack}-at-${epsilon.replace('/', '-')}`
}

/** Test images with the fingerprint that distinguishes attacks on them, computed once for all that share them. */
type HashedSplit = Pick<AttackCell, 'split' | 'idsHash'>

function hashedSplit(split: Split): HashedSplit {
	return { split, idsHash: jsonFingerprint(idsOf(split)) }
}

function attackCell(
	{ name, attack, options, threatModel: threat, madeOn }: AttackRow,
	definition: ExperimentDefinition,
	{ test, name: dataset }: Dataset,
	splits: Map<number, HashedSplit>,
): AttackCell {
	const { images, evaluationSeed } = definition
	const wanted = images[name] ?? images.default ?? test.length
	if (test.length === 0) throw new NaptuneError('NAP_DATA_EMPTY', `${dataset} has no test images to attack.`)
	const count = Math.min(wanted, test.length)
	const chosen = splits.get(count) ?? hashedSplit(atMost(test, count, evaluationSeed))
	splits.set(count, chosen)
	// Surrogates are added later, if images are made on them.
	prepareAttack(attack, options)
	return {
		condition: name,
		attack,
		options,
		threatModel: threat,
		...chosen,
		evaluationSeed,
		...defined({
			madeOn: madeOn !== 'model' ? { kind: madeOn, surrogates: surrogatesFor(madeOn, definition) } : undefined,
		}),
	}
}

function surrogatesFor(
	kind: 'classifiers' | 'substitute',
	{ surrogates, surrogateFiles }: ExperimentDefinition,
): Surrogates {
	if (!surrogates)
		throw new NaptuneError('NAP_OPTION_MISSING', 'Images are made on surrogates, but the experiment gives none.')
	const { classifiers, substitute } = surrogates
	const own = kind === 'classifiers' ? surrogateFiles?.classifiers : surrogateFiles?.substitute
	return {
		...defined({ files: own !== undefined ? [own].flat() : undefined }),
		recipes: kind === 'classifiers' ? classifiers : [substitute],
	}
}

function tunedCells(
	input: PlanInput & { readonly folder: string },
	model: NamedModel,
	dataset: Dataset,
	method: string,
): { readonly cell: TunedCell; readonly point?: number }[] {
	const { definition } = input
	const { axis } = definition
	const { defense = method, tuning, over, protocol, preset: presetName } = entry(definition.methods, method)
	// Under any protocol, a run belongs to the method.
	const run = protocol === undefined ? method : defense
	const folderOf = (decides: unknown) =>
		definition.folders === 'by-method'
			? `${input.folder}/${method}`
			: cellFolder({ model, dataset, method: run }, decides)
	if (defense === 'vanilla') {
		const control = controlDefense(model.clip, dataset)
		const seed = at(definition.seeds, 0)
		return [{ cell: { folder: folderOf(control.config), model, dataset, method, seed, control } }]
	}
	const preset = presetName === undefined ? input.preset : input.presets?.get(presetName)
	if (!preset) throw new RangeError(`The preset ${presetName} of ${method} was not loaded.`)
	const shared = presetName === undefined ? definition.tuning : {}
	const bases = over === undefined ? [] : tunedCells(input, model, dataset, over)
	const points = axis?.methods.includes(method) ? axis.points : [undefined]
	return points.flatMap((point) =>
		definition.seeds.map((seed) => {
			// The axis comes last: a setting for all points must not make them equal.
			const own = mergeSettings([shared, tuning, definition.overrides ?? {}, point?.tuning ?? {}, { seed }])
			const { config, origin } = presetConfig(preset, defense, own)
			// A base that does not depend on the axis is the same at every point.
			const ofSeed = bases.filter(({ cell }) => cell.seed === seed)
			const base = (ofSeed.find((other) => other.point === point?.value) ?? ofSeed[0])?.cell
			return {
				cell: {
					folder: folderOf(base ? { config, over: base.folder } : config),
					model,
					dataset,
					method,
					seed,
					tuning: { config, origin },
					...defined({ base }),
					...defined({ variant: axis && point && `${axis.name} ${point.label ?? point.value}` }),
				},
				...defined({ point: point?.value }),
			}
		}),
	)
}

function conditionsOf({ conditions, epsilonCurve, epsilon }: ExperimentDefinition): Condition[] {
	const described = (name: string, options: Readonly<Record<string, unknown>>, size: string) => {
		const { name: chosen, attack, source, options: all } = prepareAttack(name, options)
		return {
			attack: { name: chosen, attack, source, options: all },
			threatModel: threatModel('linf', parseEpsilon(size)),
		}
	}
	const rows = conditions.map((condition): Condition => {
		const { name, title, attack, options } = condition
		const how = attack === undefined ? {} : described(attack, options, condition.epsilon ?? epsilon)
		return { name, title, ...how, role: 'table' }
	})
	const { attack = '', epsilons = [] } = epsilonCurve ?? {}
	const curve = epsilons.map(
		(size): Condition => ({
			name: curveName(attack, size),
			title: `${attack} at ${size}`,
			...described(attack, {}, size),
			role: 'epsilon-curve',
		}),
	)
	return [...rows, ...curve]
}
