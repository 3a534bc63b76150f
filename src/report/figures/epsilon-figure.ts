/** Draws robust accuracy over epsilon. */

import { isDeepStrictEqual } from 'node:util'
import { epsilonText } from '../../attacks/sets/size-text.js'
import { last, present } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import type { Cell, Condition, ExperimentResult } from '../../experiments/experiment-result.js'
import { percentText } from '../number-text.js'
import { bandsText, curveFigure, mostBands } from './curve-figure.js'
import { type DatasetCells, placesOf, type Series, seriesOf } from './panels/series.js'
import type { ReportFigure } from './report-figure.js'
import { accuracyCell, figureName, highestText, numbersTable, protocolTexts } from './texts.js'

/** One figure per model with one panel per data set; none if no attack ran at several epsilons. */
export function epsilonFigures(result: ExperimentResult): ReportFigure[] {
	const curve = sizesOf(result.conditions.filter(({ role }) => role === 'epsilon-curve'))
	const lines = new Set(result.cells.filter(({ condition }) => curve.has(condition)).map(lineKey))
	const sizes = new Map([...sizesOf(tablePoints(result.conditions)), ...curve])
	const clean = result.conditions.find(({ attack }) => attack === undefined)
	const isPoint = (cell: Cell) =>
		(sizes.has(cell.condition) || cell.condition === clean?.name) && lines.has(lineKey(cell))
	return placesOf(result, isPoint).map(({ model, places }) => epsilonFigure(result, model, places, sizes))
}

/** Table conditions that belong on the curve: the same attack at a size missing from the curve. */
function tablePoints(conditions: readonly Condition[]): Condition[] {
	const curve = conditions.filter(({ role }) => role === 'epsilon-curve')
	const [first] = curve
	const taken = new Set(curve.map(({ threatModel }) => threatModel?.epsilon))
	const own = conditions.filter(
		({ role, attack, threatModel }) =>
			role === 'table' &&
			attack !== undefined &&
			threatModel?.norm === first?.threatModel?.norm &&
			!taken.has(threatModel?.epsilon) &&
			attack.name === first?.attack?.name &&
			isDeepStrictEqual(attack.options, first.attack.options),
	)
	// Two conditions of the same size differ in something else.
	return own.length === new Set(own.map(({ threatModel }) => threatModel?.epsilon)).size ? own : []
}

function sizesOf(conditions: readonly Condition[]): Map<string, number> {
	return new Map(
		conditions.flatMap(({ name, threatModel }) => (threatModel ? [[name, threatModel.epsilon] as const] : [])),
	)
}

function lineKey({ model, dataset, method, point }: Cell): string {
	return JSON.stringify([model, dataset, method, point])
}

function epsilonFigure(
	result: ExperimentResult,
	model: string,
	places: readonly DatasetCells[],
	sizes: ReadonlyMap<string, number>,
): ReportFigure {
	const { attack, threatModel } = present(
		result.conditions.find(({ role }) => role === 'epsilon-curve'),
		'curve over epsilon',
	)
	const linf = threatModel?.norm !== 'l2'
	const sizeOf = ({ condition }: Cell) => sizes.get(condition) ?? 0
	const positionOf = (epsilon: number) => Number((epsilon * (linf ? 255 : 1)).toPrecision(10))
	const sizeText = (epsilon: number) => (linf && epsilon > 0 ? epsilonText(epsilon) : String(epsilon))
	const datasets = places.map(({ dataset }) => dataset)
	const cells = places.flatMap((place) => place.cells)
	const epsilons = [...new Set(cells.map(sizeOf))].sort((a, b) => a - b)
	const series = seriesOf(result, cells)
	const banded = series.length <= mostBands
	const small = datasets.length > 1
	const name = figureName(result, 'accuracy-over-epsilon', model)
	const title = `Accuracy over epsilon under ${attack?.name ?? 'attack'}`
	const cellsOf = (line: Series, dataset: string) =>
		line.cells.filter((cell) => cell.dataset === dataset).toSorted((a, b) => sizeOf(a) - sizeOf(b))
	const end = last(epsilons)
	const ends = datasets.map((dataset) => ({
		place: dataset,
		values: series.flatMap((line) => {
			const last = cellsOf(line, dataset).at(-1)
			return last && sizeOf(last) === end ? [{ name: line.name, value: last.accuracy }] : []
		}),
	}))
	const clean = cells.filter((cell) => sizeOf(cell) === 0).map(({ accuracy }) => accuracy)
	const from =
		clean.length === 0 || end === 0
			? ''
			: ` On clean images accuracy is between ${percentText(Math.min(...clean))} and ${percentText(Math.max(...clean))}.`
	return {
		name,
		title,
		sentence: `${highestText(`at epsilon ${sizeText(end)}`, ends)}${from}`,
		figure: curveFigure({
			title,
			notes: [
				...protocolTexts(result, model, cells),
				bandsText(banded),
				`The axis is logarithmic beyond ${linf ? '1/255' : '1'}.`,
			],
			datasets,
			lines: series,
			points: (dataset) =>
				series.flatMap((line) =>
					cellsOf(line, dataset).map((cell) => ({
						line: line.name,
						x: positionOf(sizeOf(cell)),
						y: cell.accuracy,
						...defined({ low: banded ? cell.interval[0] : undefined, high: banded ? cell.interval[1] : undefined }),
					})),
				),
			axis: {
				title: `epsilon${linf && small ? ' in 1/255' : ''} (${linf ? 'L-infinity' : 'L2'}); 0: clean images`,
				values: epsilons.map(positionOf),
				labels: epsilons.map((epsilon) => (small ? String(positionOf(epsilon)) : sizeText(epsilon))),
				scale: 'zero-log',
			},
		}),
		table: numbersTable(
			{ name, title },
			{ words: ['data set', 'method', 'epsilon'], numbers: ['accuracy'] },
			datasets.flatMap((dataset) =>
				series.flatMap((line) =>
					cellsOf(line, dataset).map((cell) => ({
						words: [dataset, line.name, sizeText(sizeOf(cell))],
						numbers: [accuracyCell(cell)],
					})),
				),
			),
			['In brackets 95 % Wilson intervals, in percent.'],
		),
	}
}
