/** Turns records into the result of an experiment. */

import { isRobust } from '../attacks/run/attack-outcomes.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import type { EvaluationRecord } from '../evaluation/robustness/recorded-evaluation.js'
import { packageVersion } from '../files/package-version.js'
import { generator } from '../random/counter-based.js'
import type { Learning } from '../records/experiment.js'
import type { ModelEngine } from '../runtime/engine.js'
import { mcnemarOf } from '../statistics/mcnemar.js'
import { meanAndDeviation } from '../statistics/mean-and-deviation.js'
import { pairedBootstrap } from '../statistics/paired-bootstrap.js'
import { wilsonIntervalOfShare } from '../statistics/wilson.js'
import { attackKey, type MeasuredCell } from './attacked-cell.js'
import { averagesOf } from './averages.js'
import type { AttackCell } from './cells.js'
import type { Cell, Condition, ExperimentResult, PairedResult, Problem, SeedResult } from './experiment-result.js'
import { shownCells } from './look-into-runs.js'
import { type Plan, type PlannedCell, problemPlace } from './plan.js'
import { paperMethod } from './protocols.js'
import { type CellResults, surrogatesKey } from './run-cells.js'
import { usuallyWeakBelow } from './surrogate-worth.js'
import { geometryName, type PaperTargets, paperTarget } from './targets.js'

/** The input of {@link collectResult}. */
export interface CollectInput {
	readonly plan: Plan
	readonly results: CellResults
	/** Problems of what is shown beside the cells. */
	readonly problems: readonly Problem[]
	readonly quick: boolean
	/** Missing data sets of the definition. */
	readonly missing: ExperimentResult['missing']
	/** The paper's numbers; missing if the experiment measures something else. */
	readonly targets?: PaperTargets | undefined
	/** What moved in the runs of methods under a protocol, by the folders of cells. */
	readonly learning?: ReadonlyMap<string, Learning>
	readonly engine: Pick<ModelEngine, 'version' | 'device' | 'threads'>
}

/** One cell with the outcomes of every seed, for pairing. */
interface CellWithOutcomes {
	readonly cell: Cell
	/** Whether an image counts as right, by seed and in the order of the images. */
	readonly right: readonly (readonly boolean[])[]
}

/** The result of an experiment, from everything that was measured; the rest is among its problems. */
export function collectResult(input: CollectInput): ExperimentResult {
	const { plan, results, quick, missing, targets, engine } = input
	const { definition, conditions, models, datasets } = plan
	const found = models.flatMap((model) =>
		datasets.flatMap((dataset) => {
			const own = plan.cells.filter(({ cell }) => cell.model === model && cell.dataset === dataset)
			return Object.keys(definition.methods).flatMap((method) => {
				const ofMethod = own.filter(({ cell }) => cell.method === method)
				const points = [...new Set(ofMethod.map(({ point }) => point))]
				return points.flatMap((point) =>
					conditions.flatMap((condition) => {
						const seeds = ofMethod.filter((planned) => planned.point === point)
						const cell = collectCell(plan, seeds, condition, results, input.learning)
						return cell ? [cell] : []
					}),
				)
			})
		}),
	)
	const cells = found.map((own) => withTarget(plan, targets, withPair(definition.reference, own, found)))
	return {
		format: 1,
		name: definition.name,
		version: definition.version,
		title: definition.title,
		doc: definition.doc,
		quick,
		layout: definition.layout,
		definition: { ...definition },
		models: models.map(({ name }) => name),
		datasets: datasets.map(({ name }) => name),
		missing,
		methods: Object.entries(definition.methods).map(([name, { title, protocol, defense }]) => ({
			name,
			title,
			...(protocol === undefined ? {} : { protocol, of: defense ?? name }),
		})),
		conditions,
		...axisOf(plan),
		...defined({ reference: definition.reference }),
		seeds: definition.seeds,
		cells,
		averages: averagesOf(plan, targets, cells),
		...surrogatesOfRows(plan, results),
		problems: [...problemsOf(plan, results), ...input.problems],
		shown: shownCells(plan, results).map(({ cell }) => ({
			method: cell.method,
			run: placeOf(plan, cell.folder),
			dataset: cell.dataset.name,
		})),
		provenance: {
			...versionsOf(plan, results, engine),
			weights: Object.fromEntries(models.map(({ name, clip }) => [name, clip.checkpoint.sha256])),
			seconds: secondsOf(plan, results),
		},
	}
}

/** Which surrogates made the images of which row; missing if none did. */
function surrogatesOfRows(
	{ definition, conditions, models, datasets }: Plan,
	{ surrogates }: CellResults,
): Pick<ExperimentResult, 'surrogates'> {
	const weakBelow = definition.surrogates?.weakBelow ?? usuallyWeakBelow
	const found = models.flatMap(({ name: model }) =>
		datasets.flatMap(({ name: dataset }) =>
			conditions.flatMap(({ name: condition }) => {
				const made = surrogates?.get(surrogatesKey(model, dataset, condition))
				if (!made) return []
				const best = Math.max(...made.map(({ accuracy }) => accuracy ?? 1))
				return [{ model, dataset, condition, models: [...made], weakBelow, weak: best < weakBelow }]
			}),
		),
	)
	return found.length > 0 ? { surrogates: found } : {}
}

function axisOf({ definition: { axis } }: Plan): Pick<ExperimentResult, 'axis'> {
	if (!axis) return {}
	const { name, title, scale, points } = axis
	const labelled = points.some(({ label }) => label !== undefined)
	const values = points.map(({ value }) => value)
	return {
		axis: {
			name,
			title,
			scale,
			values,
			...defined({ labels: labelled ? points.map(({ value, label }) => label ?? String(value)) : undefined }),
		},
	}
}

/** The attack whose records a condition reads, and whether it reads their clean accuracy. */
function sourceOf({ definition }: Plan, condition: Condition): { readonly attack: string; readonly clean: boolean } {
	const cleanOf = definition.conditions.find(({ name }) => name === condition.name)?.cleanOf
	return { attack: cleanOf ?? condition.name, clean: cleanOf !== undefined }
}

function recordsOf(
	seeds: readonly PlannedCell[],
	attack: string,
	{ measured }: CellResults,
): { readonly planned: PlannedCell; readonly found: MeasuredCell }[] {
	return seeds.flatMap((planned) => {
		const own = planned.attacks.find(({ condition }) => condition === attack)
		const found = own && measured.get(attackKey(planned.cell, own))
		return found ? [{ planned, found }] : []
	})
}

function collectCell(
	plan: Plan,
	seeds: readonly PlannedCell[],
	condition: Condition,
	results: CellResults,
	learning: CollectInput['learning'],
): CellWithOutcomes | undefined {
	const { attack, clean } = sourceOf(plan, condition)
	const records = recordsOf(seeds, attack, results)
	// A mean over fewer seeds than the others would not be comparable.
	if (records.length === 0 || records.length < seeds.length) return undefined
	const {
		planned: { cell, point },
		found: { record },
	} = at(records, 0)
	const own = records.map(({ planned, found }) =>
		seedResult(plan, planned, found, clean, learning?.get(planned.cell.folder)),
	)
	const { mean, deviation } = meanAndDeviation(own.map(({ accuracy }) => accuracy.accuracy))
	const { images } = at(own, 0)
	return {
		cell: {
			model: cell.model.name,
			dataset: cell.dataset.name,
			method: cell.method,
			condition: condition.name,
			...defined({ point }),
			seeds: own,
			images,
			trainableParameters: record.defense.trainableParameters,
			accuracy: mean,
			interval: wilsonIntervalOfShare(mean, images),
			...defined({ deviation }),
		},
		right: records.map(({ found: { record } }) => rightImages(record, clean)),
	}
}

function seedResult(
	plan: Plan,
	{ cell }: PlannedCell,
	{ record, path, tuningSeconds }: MeasuredCell,
	clean: boolean,
	learning: Learning | undefined,
): SeedResult {
	return {
		seed: cell.seed,
		images: record.images,
		accuracy: clean ? record.clean : record.robust,
		...defined({ stages: clean ? undefined : record.stages }),
		record: placeOf(plan, path),
		...defined({ run: cell.tuning && placeOf(plan, cell.folder) }),
		tuningSeconds,
		evaluationSeconds: record.seconds,
		...defined({ learning }),
	}
}

/** A path below the folder of all experiments, in the form that the result uses: below its own folder if folders are by method. */
function placeOf({ definition, folder }: Plan, path: string): string {
	return definition.folders === 'by-method' ? path.slice(folder.length + 1) : path
}

/** Whether each image counts as right, on clean images or under attack, in the record's order. */
export function rightImages({ outcomes }: Pick<EvaluationRecord, 'outcomes'>, clean: boolean): boolean[] {
	return outcomes.map((outcome) => (clean ? outcome.cleanPrediction === outcome.label : isRobust(outcome)))
}

/** A method without an axis, such as vanilla, appears beside every point of the reference and is not paired. */
function withPair(reference: string | undefined, own: CellWithOutcomes, all: readonly CellWithOutcomes[]): Cell {
	const { cell, right } = own
	if (reference === undefined || cell.method === reference) return cell
	const other = all.find(
		(candidate) =>
			candidate.cell.method === reference &&
			candidate.cell.model === cell.model &&
			candidate.cell.dataset === cell.dataset &&
			candidate.cell.condition === cell.condition &&
			candidate.cell.point === cell.point,
	)
	return other ? { ...cell, paired: paired(reference, cell, right, other.right) } : cell
}

function paired(
	reference: string,
	{ dataset, method, condition }: Cell,
	right: CellWithOutcomes['right'],
	other: CellWithOutcomes['right'],
): PairedResult {
	const { onlyFirst, onlySecond, p } = mcnemarOf(at(right, 0), at(other, 0))
	const bootstrap = pairedBootstrap(right, other, {
		generator: generator(1, 'paired-bootstrap', dataset, method, condition),
	})
	return { reference, onlyThis: onlyFirst, onlyReference: onlySecond, p, ...bootstrap }
}

function withTarget({ definition, models }: Plan, targets: PaperTargets | undefined, cell: Cell): Cell {
	if (!targets) return cell
	const found = models.find(({ name }) => name === cell.model)
	const model = found && geometryName(found.clip.config)
	if (model === undefined) return cell
	const { dataset, method, condition, point } = cell
	const place = { experiment: definition.name, model, dataset, method: paperMethod(definition, method), condition }
	const paper = paperTarget(targets, { ...place, ...defined({ point }) })
	return paper === undefined ? cell : { ...cell, target: { paper, difference: 100 * cell.accuracy - paper } }
}

/** Versions from the records, which may be older than today's; today's if nothing was measured. */
function versionsOf(
	{ cells }: Plan,
	{ measured }: CellResults,
	engine: CollectInput['engine'],
): Pick<ExperimentResult['provenance'], 'naptune' | 'engine' | 'device' | 'threads'> {
	const records = cells.flatMap(({ cell, attacks }) =>
		attacks.flatMap((attack) => measured.get(attackKey(cell, attack))?.record ?? []),
	)
	const all = (read: (record: EvaluationRecord) => string, otherwise: string) =>
		[...new Set(records.map(read))].sort().join(', ') || otherwise
	return {
		naptune: all(({ versions }) => versions.naptune, packageVersion()),
		engine: all(({ versions }) => versions.engine, engine.version),
		device: all(({ versions }) => versions.device, engine.device),
		threads: Math.max(0, ...records.map(({ threads }) => threads)) || engine.threads,
	}
}

function problemsOf(plan: Plan, { problems }: CellResults): Problem[] {
	return plan.cells.flatMap((planned) =>
		planned.attacks.flatMap((attack: AttackCell): Problem[] => {
			const message = problems.get(attackKey(planned.cell, attack))
			return message === undefined ? [] : [{ ...problemPlace(planned), condition: attack.condition, message }]
		}),
	)
}

/** Time of everything that the experiment needs, wherever it was computed: every attack and tuning run once. */
function secondsOf({ cells }: Plan, { measured }: CellResults): number {
	const attacks = new Map<string, number>()
	const tuning = new Map<string, number>()
	for (const { cell, attacks: own } of cells) {
		for (const attack of own) {
			const found = measured.get(attackKey(cell, attack))
			if (!found) continue
			attacks.set(found.path, found.record.seconds)
			tuning.set(cell.folder, found.tuningSeconds)
		}
	}
	return [...attacks.values(), ...tuning.values()].reduce((sum, seconds) => sum + seconds, 0)
}
