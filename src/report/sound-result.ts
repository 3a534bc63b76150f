/** Checks the numbers of a result against its records. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { readEvaluationRecord } from '../evaluation/robustness/record.js'
import type { EvaluationRecord } from '../evaluation/robustness/recorded-evaluation.js'
import { rightImages } from '../experiments/collect.js'
import type { Cell, ExperimentResult, SeedResult } from '../experiments/experiment-result.js'
import { mcnemarOf } from '../statistics/mcnemar.js'
import { percentText } from './number-text.js'

/** A result confirmed by its records, and what was excluded from it. */
export interface SoundResult {
	readonly result: ExperimentResult
	/** Sentences about changed numbers; empty if none changed. */
	readonly changed: readonly string[]
}

/** Accuracies that differ by less are equal: means are written with all digits, but summed in another order. */
const rounding = 1e-9

/**
 * Reads every record that a result names and compares the numbers. Cells that contradict their records, or whose records
 * contradict themselves, become problems of the result; missing records are ignored.
 * @param root Base folder of the records' paths.
 */
export async function soundResult(result: ExperimentResult, root: string): Promise<SoundResult> {
	const records = new Map<string, EvaluationRecord | NaptuneError | undefined>()
	for (const { record } of result.cells.flatMap(({ seeds }) => seeds)) {
		if (!records.has(record)) records.set(record, await recordAt(join(root, record)))
	}
	const faults = result.cells.flatMap((cell) => {
		const message = faultOf(cell, result, (seed) => records.get(seed.record))
		return message === undefined ? [] : [{ cell, message }]
	})
	if (faults.length === 0) return { result, changed: [] }
	const unsound = new Set(faults.map(({ cell }) => cell))
	const cells = result.cells.filter((cell) => !unsound.has(cell))
	return {
		changed: [...new Set(faults.map(({ message }) => message))],
		result: {
			...result,
			cells,
			averages: result.averages.filter(
				(average) =>
					!faults.some(
						({ cell }) =>
							cell.model === average.model &&
							cell.method === average.method &&
							cell.condition === average.condition &&
							cell.point === average.point,
					),
			),
			problems: [
				...result.problems,
				...faults.map(({ cell: { model, dataset, method, condition }, message }) => ({
					...{ model, dataset, method, condition, message },
				})),
			],
		},
	}
}

async function recordAt(path: string): Promise<EvaluationRecord | NaptuneError | undefined> {
	if (!existsSync(path)) return undefined
	try {
		return await readEvaluationRecord(path)
	} catch (error) {
		if (error instanceof NaptuneError) return error
		throw error
	}
}

/** Describes the fault of a cell in a sentence; undefined if there is none. */
function faultOf(
	cell: Cell,
	result: ExperimentResult,
	recordOf: (seed: SeedResult) => EvaluationRecord | NaptuneError | undefined,
): string | undefined {
	const clean = result.conditions.find(({ name }) => name === cell.condition)?.attack === undefined
	for (const seed of cell.seeds) {
		const record = recordOf(seed)
		if (record instanceof NaptuneError) return record.message
		if (!record) continue
		const own = clean ? record.clean : record.robust
		const same = isDeepStrictEqual(
			[own, record.images, record.dataset.name],
			[seed.accuracy, seed.images, cell.dataset],
		)
		if (!same) {
			return contradiction(
				`${seed.record} says ${percentText(own.accuracy)} of ${record.images} images of ${record.dataset.name}, but the result says ${percentText(seed.accuracy.accuracy)} of ${seed.images} of ${cell.dataset}`,
			)
		}
	}
	const mean = cell.seeds.reduce((sum, { accuracy }) => sum + accuracy.accuracy, 0) / cell.seeds.length
	if (Math.abs(mean - cell.accuracy) > rounding) {
		return contradiction(
			`The seeds of ${cell.method} average ${percentText(mean)}, but their cell says ${percentText(cell.accuracy)}`,
		)
	}
	return pairFault(cell, result, clean, recordOf)
}

function pairFault(
	{ paired, ...cell }: Cell,
	{ cells }: ExperimentResult,
	clean: boolean,
	recordOf: (seed: SeedResult) => EvaluationRecord | NaptuneError | undefined,
): string | undefined {
	const other = cells.find(
		({ model, dataset, method, condition, point }) =>
			method === paired?.reference &&
			model === cell.model &&
			dataset === cell.dataset &&
			condition === cell.condition &&
			point === cell.point,
	)
	if (!paired || !other) return undefined
	const [first, second] = [recordOf(at(cell.seeds, 0)), recordOf(at(other.seeds, 0))]
	if (!first || !second || first instanceof NaptuneError || second instanceof NaptuneError) return undefined
	const { onlyFirst, onlySecond, p } = mcnemarOf(rightImages(first, clean), rightImages(second, clean))
	const { onlyThis, onlyReference } = paired
	if (isDeepStrictEqual([onlyFirst, onlySecond, p], [onlyThis, onlyReference, paired.p])) return undefined
	return contradiction(
		`The records of ${cell.method} and ${paired.reference} differ on ${onlyFirst} and ${onlySecond} images, but the result says ${onlyThis} and ${onlyReference}`,
	)
}

function contradiction(what: string): string {
	return `${what}. One of the two was changed. Restore it, or run the experiment again.`
}
