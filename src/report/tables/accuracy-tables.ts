/** Builds the main tables of a `table` experiment: methods under conditions on data sets, one table per model. */

import { at } from '../../core/at.js'
import { type CorrectedProbabilities, correctedProbabilities } from '../../experiments/correction.js'
import type { Condition, ExperimentResult } from '../../experiments/experiment-result.js'
import { averageIsUntrained, notTrained } from '../not-trained.js'
import { accuracyCells, averageCell, headerCell } from './accuracy-cells.js'
import { markBest, markColumns } from './marks.js'
import { accuracyNotes, partialNote } from './notes.js'
import { averageFinder, cellFinder, fileStem, modelName } from './places.js'
import type { ReportTable, TableRow } from './table.js'

/**
 * One table per model. With several data sets as in the paper: a group per condition, a row per method, a column per data
 * set and their average. With one data set, where that would be a single column: a row per condition, a column per method.
 */
export function accuracyTables(result: ExperimentResult): ReportTable[] {
	const conditions = result.conditions.filter(({ role }) => role === 'table')
	return tablesOfModels(result, conditions, 'accuracy', 'accuracy')
}

/** Robust accuracy over the size of the perturbation, in the same form; none if it was not measured. */
export function epsilonTables(result: ExperimentResult): ReportTable[] {
	const conditions = result.conditions.filter(({ role }) => role === 'epsilon-curve')
	const methods = result.methods.filter(({ name }) =>
		result.cells.some(({ method, condition }) => method === name && conditions.some((one) => one.name === condition)),
	)
	if (methods.length === 0) return []
	return tablesOfModels({ ...result, methods }, conditions, 'epsilon', 'robust accuracy over epsilon')
}

function tablesOfModels(
	result: ExperimentResult,
	conditions: readonly Condition[],
	name: string,
	what: string,
): ReportTable[] {
	const corrected = correctedProbabilities(result)
	return result.models.map((model) => {
		const single = result.datasets.length === 1
		const stem = result.models.length > 1 ? fileStem(name, modelName(result, model)) : name
		const names = conditions.map((condition) => condition.name)
		const cells = result.cells.filter((cell) => cell.model === model && names.includes(cell.condition))
		const where = [modelName(result, model), ...(single ? result.datasets : [])].join(' on ')
		const averaged =
			single || result.datasets.length === 0
				? []
				: ['Averages are means over the data sets of the row.', ...partialNote(result)]
		return {
			name: stem,
			title: `${result.title}: ${what} of ${where}`,
			notes: [
				...accuracyNotes(result, cells, conditions, corrected, single ? 'of a row' : 'of a column under a condition'),
				...averaged,
			],
			...(single ? conditionRows : methodRows)(result, model, conditions, corrected),
		}
	})
}

function conditionRows(
	result: ExperimentResult,
	model: string,
	conditions: readonly Condition[],
	corrected: CorrectedProbabilities,
): Pick<ReportTable, 'columns' | 'rows'> {
	const { methods, datasets } = result
	const find = cellFinder(result)
	const written = accuracyCells(result, corrected)
	const several = new Set(result.cells.map(({ images }) => images)).size > 1
	const rows = conditions.map(({ name: condition, title }): TableRow => {
		const found = methods.map(({ name }) => find({ model, dataset: at(datasets, 0), method: name, condition }))
		const counts = new Set(found.flatMap((cell) => cell?.images ?? []))
		// State it once for the row if it is the same throughout.
		const inHead = several && counts.size === 1
		const cells = found.map((cell) => written(cell, !inHead))
		return {
			cells: [
				headerCell(
					title,
					[...(inHead ? [`n = ${[...counts][0]}`] : []), ...weakText(result, model, condition)].join(', ') || undefined,
				),
				...markBest(cells),
			],
		}
	})
	const columns = methods.map(({ title }) => ({ title, align: 'right' as const }))
	return { columns: [{ title: 'condition', align: 'left' }, ...columns], rows }
}

/** States that a row's images were made on weak surrogates, and on which data sets if not all. */
function weakText({ surrogates = [], datasets }: ExperimentResult, model: string, condition: string): string[] {
	const own = surrogates.filter((one) => one.model === model && one.condition === condition && one.weak)
	if (own.length === 0) return []
	const where = own.length === datasets.length ? '' : ` on ${own.map(({ dataset }) => dataset).join(', ')}`
	return [`weak surrogates${where}`]
}

function methodRows(
	result: ExperimentResult,
	model: string,
	conditions: readonly Condition[],
	corrected: CorrectedProbabilities,
): Pick<ReportTable, 'columns' | 'rows'> {
	const { methods, datasets } = result
	const find = cellFinder(result)
	const average = averageFinder(result)
	const written = accuracyCells(result, corrected)
	const rows = conditions.flatMap(({ name: condition, title }) => {
		const group = [title, ...weakText(result, model, condition)].join(', ')
		const cells = methods.map(({ name: method, title: name }) => [
			headerCell(name),
			...datasets.map((dataset) => written(find({ model, dataset, method, condition }))),
			averageIsUntrained(result, { model, method, condition })
				? { text: notTrained }
				: averageCell(average({ model, method, condition }), datasets.length),
		])
		return markColumns(cells, 1).map((row): TableRow => ({ group, cells: row }))
	})
	const columns = [...datasets, 'average'].map((title) => ({ title, align: 'right' as const }))
	return { columns: [{ title: 'method', align: 'left' }, ...columns], rows }
}
