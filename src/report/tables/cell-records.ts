/** Writes every number of an experiment with all its details, one record per cell. */

import { type CorrectedProbabilities, correctedProbabilities } from '../../experiments/correction.js'
import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { type CsvField, csvText } from './csv.js'
import { pointName } from './places.js'

const columns: readonly (readonly [string, (cell: Cell, context: Context) => CsvField])[] = [
	['model', ({ model }) => model],
	['dataset', ({ dataset }) => dataset],
	['method', ({ method }) => method],
	['condition', ({ condition }) => condition],
	['attack', ({ condition }, { result }) => conditionOf(result, condition)?.attack?.name],
	['norm', ({ condition }, { result }) => conditionOf(result, condition)?.threatModel?.norm],
	['epsilon', ({ condition }, { result }) => conditionOf(result, condition)?.threatModel?.epsilon],
	['point', ({ point }) => point],
	['point label', ({ point }, { result }) => (point === undefined ? undefined : pointName(result, point))],
	['images', ({ images }) => images],
	['accuracy', ({ accuracy }) => accuracy],
	['low', ({ interval }) => interval[0]],
	['high', ({ interval }) => interval[1]],
	['seeds', ({ seeds }) => seeds.map(({ seed }) => seed).join(' ')],
	['accuracy by seed', ({ seeds }) => seeds.map(({ accuracy }) => accuracy.accuracy).join(' ')],
	['deviation', ({ deviation }) => deviation],
	['reference', ({ paired }) => paired?.reference],
	['only this', ({ paired }) => paired?.onlyThis],
	['only reference', ({ paired }) => paired?.onlyReference],
	['difference', ({ paired }) => paired?.difference],
	['difference low', ({ paired }) => paired?.interval[0]],
	['difference high', ({ paired }) => paired?.interval[1]],
	['p', ({ paired }) => paired?.p],
	['p (Holm)', (cell, { corrected }) => corrected.get(cell)],
	['paper, percent', ({ target }) => target?.paper],
	['minus paper, points', ({ target }) => target?.difference],
	['tuning seconds by seed', ({ seeds }) => seeds.map(({ tuningSeconds }) => tuningSeconds).join(' ')],
	['evaluation seconds by seed', ({ seeds }) => seeds.map(({ evaluationSeconds }) => evaluationSeconds).join(' ')],
	['records', ({ seeds }) => seeds.map(({ record }) => record).join(' ')],
]

interface Context {
	readonly result: ExperimentResult
	readonly corrected: CorrectedProbabilities
}

/**
 * One line per cell, including curves over epsilon: accuracies, intervals, deviations and differences in [0, 1] unless the
 * heading says otherwise, seconds, and paths relative to the folder of all experiments.
 */
export function cellsCsv(result: ExperimentResult): string {
	const context = { result, corrected: correctedProbabilities(result) }
	return csvText(
		columns.map(([heading]) => heading),
		result.cells.map((cell) => columns.map(([, read]) => read(cell, context))),
	)
}

function conditionOf({ conditions }: ExperimentResult, name: string) {
	return conditions.find((condition) => condition.name === name)
}
