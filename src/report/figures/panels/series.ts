/** Builds the lines of figures: methods, or the points of an axis at which a method was measured. */

import { entry } from '../../../core/at.js'
import type { Cell, ExperimentResult } from '../../../experiments/experiment-result.js'
import { pointName } from '../../tables/places.js'
import { conditionStyle, methodStyles, type NamedStyle } from './method-styles.js'

/** A line with its cells in the order of the result. */
export interface Series extends NamedStyle {
	readonly method: string
	readonly cells: readonly Cell[]
}

/** One line per method, or per point of the axis if a method has several; in the order of the methods. */
export function seriesOf(result: ExperimentResult, cells: readonly Cell[]): Series[] {
	const { methods, axis } = result
	const styles = methodStyles(methods)
	return methods.flatMap(({ name: method, title }): Series[] => {
		const own = cells.filter((cell) => cell.method === method)
		const points = [...new Set(own.map(({ point }) => point))].sort((a, b) => (a ?? 0) - (b ?? 0))
		const style = entry(styles, method)
		if (points.length < 2) return own.length === 0 ? [] : [{ method, name: title, style, cells: own }]
		return points.map((point, index) => ({
			method,
			name: point === undefined ? title : `${title} (${axis?.name ?? 'value'} ${pointName(result, point)})`,
			style: conditionStyle(style, index),
			cells: own.filter((cell) => cell.point === point),
		}))
	})
}

/** The cells of a model on one data set; at least one. */
export interface DatasetCells {
	readonly dataset: string
	readonly cells: readonly Cell[]
}

/** Models and data sets that have such cells. */
export function placesOf(
	{ models, datasets, cells }: ExperimentResult,
	which: (cell: Cell) => boolean,
): { readonly model: string; readonly places: readonly DatasetCells[] }[] {
	return models.flatMap((model) => {
		const places = datasets.flatMap((dataset) => {
			const own = cells.filter((cell) => cell.model === model && cell.dataset === dataset && which(cell))
			return own.length === 0 ? [] : [{ dataset, cells: own }]
		})
		return places.length === 0 ? [] : [{ model, places }]
	})
}
