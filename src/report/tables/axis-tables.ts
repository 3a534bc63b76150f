/**
 * Builds the main tables of `curve` and `matrix` experiments: values of the axis by conditions, with a group of rows per
 * method.
 */

import { defined } from '../../core/defined.js'
import { correctedProbabilities } from '../../experiments/correction.js'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { accuracyCells, averageCell, headerCell } from './accuracy-cells.js'
import { markColumns } from './marks.js'
import { accuracyNotes, averageNotes } from './notes.js'
import { averageFinder, cellFinder, fileStem, methodPoints, modelName, pointName } from './places.js'
import type { ReportTable, TableCell, TableRow } from './table.js'

/** Replaces the value for a method that does not depend on it. */
const anyPoint = 'any'

/** One table per model and data set; with several data sets also one of their averages per model. */
export function axisTables(result: ExperimentResult): ReportTable[] {
	const { models, datasets } = result
	const corrected = correctedProbabilities(result)
	const find = cellFinder(result)
	const average = averageFinder(result)
	const written = accuracyCells(result, corrected)
	const conditions = result.conditions.filter(({ role }) => role === 'table')
	const bold = "of a method's column"
	const depends = result.methods.every(({ name }) => methodPoints(result, name)[0] !== undefined)
	const free = depends ? [] : [`"${anyPoint}": the method does not depend on ${result.axis?.title ?? 'it'}.`]
	return models.flatMap((model) => {
		const nameOf = (...more: readonly string[]) =>
			fileStem('accuracy', ...(models.length > 1 ? [modelName(result, model)] : []), ...more)
		const own = datasets.map((dataset): ReportTable => {
			const cells = result.cells.filter(
				(cell) =>
					cell.model === model && cell.dataset === dataset && conditions.some(({ name }) => name === cell.condition),
			)
			return {
				name: nameOf(...(datasets.length > 1 ? [dataset] : [])),
				title: `${result.title}: accuracy of ${modelName(result, model)} on ${dataset}`,
				notes: [...accuracyNotes(result, cells, conditions, corrected, bold), ...free],
				...pointRows(result, (place) => written(find({ model, dataset, ...place }))),
			}
		})
		if (datasets.length < 2) return own
		const averages: ReportTable = {
			name: nameOf('average'),
			title: `${result.title}: accuracy of ${modelName(result, model)}, mean over ${datasets.length} data sets`,
			notes: [...averageNotes(result, conditions, bold), ...free],
			...pointRows(result, (place) => averageCell(average({ model, ...place }), datasets.length)),
		}
		return [averages, ...own]
	})
}

type Read = (place: { method: string; condition: string; point?: number }) => TableCell

function pointRows(result: ExperimentResult, read: Read): Pick<ReportTable, 'columns' | 'rows'> {
	const conditions = result.conditions.filter(({ role }) => role === 'table')
	const rows = result.methods.flatMap(({ name: method, title: group }) => {
		const cells = methodPoints(result, method).map((point) => [
			headerCell(point === undefined ? anyPoint : pointName(result, point)),
			...conditions.map(({ name: condition }) => read({ method, condition, ...defined({ point }) })),
		])
		return markColumns(cells, 1).map((row): TableRow => ({ group, cells: row }))
	})
	const columns = conditions.map(({ title }) => ({ title, align: 'right' as const }))
	return { columns: [{ title: result.axis?.title ?? 'point', align: 'left' }, ...columns], rows }
}
