/** Finds the cells of a result, and names models, data sets and points for people. */

import { modelTitle } from '../../experiments/cells.js'
import type { Average, Cell, ExperimentResult } from '../../experiments/experiment-result.js'

/** The coordinates of a cell. */
export type Place = Pick<Cell, 'model' | 'dataset' | 'method' | 'condition' | 'point'>

/** Returns the cell; undefined if it was not measured or does not exist. */
export type FindCell = (place: Place) => Cell | undefined

/** Looks cells up by place. */
export function cellFinder({ cells }: ExperimentResult): FindCell {
	const index = new Map(cells.map((cell) => [placeKey(cell), cell]))
	return (place) => index.get(placeKey(place))
}

/** Looks averages over data sets up. */
export function averageFinder({ averages }: ExperimentResult): (place: Omit<Place, 'dataset'>) => Average | undefined {
	const index = new Map(averages.map((average) => [placeKey(average), average]))
	return (place) => index.get(placeKey(place))
}

function placeKey({ model, dataset, method, condition, point }: Partial<Place>): string {
	return JSON.stringify([model, dataset, method, condition, point])
}

/** The name of a model for readers: without folder or owner, unless two names would be equal. */
export function modelName({ models }: Pick<ExperimentResult, 'models'>, model: string): string {
	const short = modelTitle(model)
	return models.some((other) => other !== model && modelTitle(other) === short) ? model : short
}

/** A value of the axis as text. */
export function pointName({ axis }: Pick<ExperimentResult, 'axis'>, point: number | undefined): string {
	if (point === undefined) return ''
	return axis?.labels?.[axis.values.indexOf(point)] ?? String(point)
}

/** The planned points of a method: those of the axis, or one without a value if it does not depend on it. */
export function methodPoints(
	{ axis, cells, problems }: ExperimentResult,
	method: string,
): readonly (number | undefined)[] {
	if (!axis) return [undefined]
	const depends = [...cells, ...problems].some((at) => at.method === method && at.point !== undefined)
	return depends ? axis.values : [undefined]
}

/** Maximum characters of a stem; file systems allow 255 bytes including prefix and suffix. */
const longestStem = 120

/** A stem of file names from words: lower-case letters, digits and `-`, cut if long. */
export function fileStem(...words: readonly string[]): string {
	const stem = words
		.join('-')
		.toLowerCase()
		.replaceAll(/[^a-z0-9]+/g, '-')
	return stem.slice(0, longestStem).replaceAll(/^-+|-+$/g, '')
}

/** Numbers duplicate names, since different models and data sets may lead to the same file name. */
export function withOwnNames<Named extends { readonly name: string }>(all: readonly Named[]): Named[] {
	const taken = new Set<string>()
	return all.map((one) => {
		let { name } = one
		for (let count = 2; taken.has(name); count++) name = `${one.name}-${count}`
		taken.add(name)
		return { ...one, name }
	})
}
