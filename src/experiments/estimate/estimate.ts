/** Estimates the cost of experiments on a device, from the passes of their cells and the results of a short benchmark. */

import { at, present } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import type { Passes } from '../../records/parts/accuracy.js'
import type { AttackCell, TunedCell } from '../cells.js'
import type { Plan, PlannedCell } from '../plan.js'
import { paperMethod } from '../protocols.js'
import { geometryName, type PaperTargets } from '../targets.js'
import { attackPasses, tuningPasses } from './cell-passes.js'
import { expectedAccuracy } from './expected-accuracy.js'
import type { MethodRates, Seconds } from './measure-rates.js'
import type { SurrogateRates } from './measure-surrogates.js'

/** The cost of one experiment's cells on one data set with one model. */
export interface CostRow {
	readonly experiment: string
	readonly model: string
	readonly dataset: string
	/** Tuning runs, and attacks on tuned models. */
	readonly runs: number
	readonly attacks: number
	/** Gradients of images in tuning, and in attacks. */
	readonly tuningGradients: number
	readonly attackGradients: number
	/** Evaluations of images in attacks. */
	readonly evaluations: number
	readonly tuning: Seconds
	readonly attacking: Seconds
	/** Training surrogates, and making images on them. */
	readonly surrogates: Seconds
	/** Bytes of all runs, records and stores. */
	readonly diskBytes: number
	/** Largest resident memory of any of them. */
	readonly peakBytes: number
}

/** The measurements behind an estimate. */
export interface Estimate {
	readonly targets: PaperTargets
	/** By {@link rateKey}. */
	readonly rates: ReadonlyMap<string, MethodRates>
	/** By data set and kind; empty if no images are made on surrogates. */
	readonly surrogates: ReadonlyMap<string, SurrogateRates>
}

/** Approximate bytes of a record per image. */
const recordBytesPerImage = 160

/** Key of cells that are measured together: one method of an experiment on one model, at the last point of an axis. */
export function rateKey(plan: Plan, { cell }: Pick<PlannedCell, 'cell'>): string {
	return JSON.stringify([plan.folder, cell.model.name, cell.method])
}

/** One cell of each kind, to measure. */
export function cellsToMeasure(plans: readonly Plan[]): ReadonlyMap<string, TunedCell> {
	return new Map(plans.flatMap((plan) => plan.cells.map((planned) => [rateKey(plan, planned), planned.cell] as const)))
}

/** Rows for every experiment, model and data set; shared cells count in the first experiment that has them. */
export function costRows(plans: readonly Plan[], estimate: Estimate): CostRow[] {
	const counted = new Set<string>()
	return plans.flatMap((plan) =>
		plan.models.flatMap((model) =>
			plan.datasets.map((dataset) => {
				const own = plan.cells.filter(({ cell }) => cell.model === model && cell.dataset === dataset)
				const fresh = own.filter(({ cell: { folder } }) => !counted.has(folder))
				for (const { cell } of fresh) counted.add(cell.folder)
				return costRow(plan, fresh, estimate, { model: model.name, dataset })
			}),
		),
	)
}

function costRow(
	plan: Plan,
	cells: readonly PlannedCell[],
	{ targets, rates, surrogates }: Estimate,
	{ model, dataset }: Pick<CostRow, 'model'> & Pick<TunedCell, 'dataset'>,
): CostRow {
	const found = cells.map((planned) =>
		cellCost(
			plan,
			planned,
			targets,
			present(rates.get(rateKey(plan, planned)), `measurement of ${planned.cell.method}`),
		),
	)
	const stores = storesOf(cells)
	const made = stores.map((attack) => {
		const rate = surrogates.get(surrogateKey(dataset.name, attack))
		if (!rate) return none
		return plus(times(rate.trainingPerImage, dataset.train.length), times(rate.making, attack.split.length))
	})
	// Surrogates of one kind are trained once for all attacks that use them.
	const sum = (read: (cost: CellCost) => number) => found.reduce((total, cost) => total + read(cost), 0)
	const together = (all: readonly Seconds[]) => all.reduce(plus, none)
	const side = at(plan.models, 0).clip.config.vision.imageSize
	return {
		experiment: plan.definition.name,
		model,
		dataset: dataset.name,
		runs: cells.filter(({ cell }) => cell.tuning).length,
		attacks: sum(({ attacks }) => attacks),
		tuningGradients: sum(({ tuningGradients }) => tuningGradients),
		attackGradients: sum(({ passes }) => passes.gradients),
		evaluations: sum(({ passes }) => passes.evaluations),
		tuning: together(found.map(({ tuning }) => tuning)),
		attacking: together(found.map(({ attacking }) => attacking)),
		surrogates: together(made),
		// Clean and attacked pixels in float32.
		diskBytes:
			sum(({ bytes }) => bytes) + stores.reduce((total, { split }) => total + split.length * 2 * 3 * side ** 2 * 4, 0),
		peakBytes: Math.max(0, ...found.map(({ peak }) => peak)),
	}
}

/** The key of a data set's surrogates. */
export function surrogateKey(dataset: string, { madeOn, attack }: Pick<AttackCell, 'madeOn' | 'attack'>): string {
	return JSON.stringify([dataset, madeOn?.kind, attack])
}

/** One attack of each kind that makes images; they are made once for all methods. */
export function storesOf(cells: readonly PlannedCell[]): AttackCell[] {
	const found = new Map<string, AttackCell>()
	for (const attack of cells.flatMap((planned) => planned.attacks)) {
		if (attack.madeOn) found.set(JSON.stringify([attack.condition, attack.idsHash]), attack)
	}
	return [...found.values()]
}

interface CellCost {
	readonly attacks: number
	readonly tuningGradients: number
	readonly passes: Passes
	readonly tuning: Seconds
	readonly attacking: Seconds
	readonly bytes: number
	readonly peak: number
}

function cellCost(plan: Plan, { cell, attacks }: PlannedCell, targets: PaperTargets, rates: MethodRates): CellCost {
	const { dataset, tuning, model, method } = cell
	const classes = dataset.classNames.length
	const run = tuning && tuningPasses(tuning.config, { classes, train: dataset.train.length })
	const geometry = geometryName(model.clip.config)
	const expected = expectedAccuracy(targets, {
		method: paperMethod(plan.definition, method),
		dataset: dataset.name,
		...defined({ model: geometry }),
	})
	const each = attacks.map((attack) => attackPasses(attack, classes, expected))
	const passes = each.reduce(
		(sum, one) => ({ evaluations: sum.evaluations + one.evaluations, gradients: sum.gradients + one.gradients }),
		{ evaluations: 0, gradients: 0 },
	)
	const micro = tuning ? Math.min(tuning.config.microBatchSize, run?.images ?? 1) : rates.resident.microBatch
	return {
		attacks: attacks.length,
		tuningGradients: run?.gradients ?? 0,
		passes,
		tuning: run
			? [
					times(rates.textClass, run.steps * classes),
					times(rates.visit, run.visits),
					times(rates.bank, run.banked),
				].reduce(plus)
			: none,
		attacking: plus(times(rates.evaluation, passes.evaluations), times(rates.gradient, passes.gradients)),
		bytes: rates.runBytes + recordBytesPerImage * attacks.reduce((sum, { split }) => sum + split.length, 0),
		// Activations grow with the micro-batch, weights do not; the estimate assumes that half is activations.
		peak: rates.resident.bytes * (0.5 + 0.5 * Math.max(1, micro / rates.resident.microBatch)),
	}
}

const none: Seconds = { wall: 0, processor: 0 }

function plus(a: Seconds, b: Seconds): Seconds {
	return { wall: a.wall + b.wall, processor: a.processor + b.processor }
}

function times({ wall, processor }: Seconds, factor: number): Seconds {
	return { wall: wall * factor, processor: processor * factor }
}
