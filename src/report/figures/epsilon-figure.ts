/** Robust accuracy over epsilon. */

import { epsilonText } from '../../attacks/size-text.js'
import { modelTitle } from '../../experiments/cells.js'
import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { figureConfig, grid, textLines } from '../figure-style.js'
import { curvePanel, topOfShares } from './curve-panel.js'
import type { ReportFigure } from './report-figure.js'
import { placesOf, seriesOf } from './series.js'
import { accuracyCell, extremesText, figureName, numbersTable, percentText, protocolText } from './texts.js'

const columns = 3

/** One figure per model with one panel per data set; none where no attack was run at several epsilons. */
export function epsilonFigures(result: ExperimentResult): ReportFigure[] {
	const sizes = new Map(
		result.conditions.flatMap(({ name, role, threatModel }) =>
			role === 'epsilon-curve' && threatModel ? [[name, threatModel.epsilon] as const] : [],
		),
	)
	const lines = new Set(result.cells.filter(({ condition }) => sizes.has(condition)).map(lineKey))
	const clean = result.conditions.find(({ attack }) => attack === undefined)
	const isPoint = (cell: Cell) =>
		sizes.has(cell.condition) || (cell.condition === clean?.name && lines.has(lineKey(cell)))
	return placesOf(result, isPoint).map(({ model, datasets }) => epsilonFigure(result, model, datasets, sizes))
}

function lineKey({ model, dataset, method, point }: Cell): string {
	return JSON.stringify([model, dataset, method, point])
}

function epsilonFigure(
	result: ExperimentResult,
	model: string,
	datasets: readonly { readonly dataset: string; readonly cells: readonly Cell[] }[],
	sizes: ReadonlyMap<string, number>,
): ReportFigure {
	const { attack, threatModel } = result.conditions.find(({ role }) => role === 'epsilon-curve')!
	const linf = threatModel?.norm !== 'l2'
	const sizeOf = ({ condition }: Cell) => sizes.get(condition) ?? 0
	const positionOf = (epsilon: number) => Number((epsilon * (linf ? 255 : 1)).toPrecision(10))
	const sizeText = (epsilon: number) => (linf && epsilon > 0 ? epsilonText(epsilon) : String(epsilon))
	const cells = datasets.flatMap((place) => place.cells)
	const epsilons = [...new Set(cells.map(sizeOf))].sort((a, b) => a - b)
	const series = seriesOf(result, cells)
	const width = datasets.length === 1 ? 520 : 280
	const name = figureName('accuracy-over-epsilon', ...(result.models.length > 1 ? [modelTitle(model)] : []))
	const title = `Accuracy over epsilon under ${attack?.name ?? 'attack'}`
	const panels = datasets.map(({ dataset }, at) =>
		curvePanel({
			points: series.flatMap((line) =>
				line.cells
					.filter((cell) => cell.dataset === dataset)
					.map((cell) => ({
						line: line.name,
						x: positionOf(sizeOf(cell)),
						y: cell.accuracy,
						low: cell.interval[0],
						high: cell.interval[1],
					})),
			),
			lines: series,
			...(datasets.length > 1 && { title: dataset }),
			yTitle: at % columns === 0 ? 'accuracy' : '',
			most: topOfShares(cells.map(({ interval }) => interval[1])),
			x: {
				title: `epsilon (${linf ? 'L-infinity' : 'L2'}); 0: clean images`,
				values: epsilons.map(positionOf),
				labels: epsilons.map(sizeText),
				scale: 'zero-log',
			},
			width,
			height: datasets.length === 1 ? 280 : 190,
			legendWidth: Math.min(columns, datasets.length) * width,
		}),
	)
	const seen = datasets.map((place) => {
		const at = (epsilon: number) =>
			series.flatMap((line) => {
				const cell = line.cells.find(
					({ dataset, ...one }) => dataset === place.dataset && sizeOf({ dataset, ...one }) === epsilon,
				)
				return cell ? [{ name: line.name, value: cell.accuracy }] : []
			})
		const end = epsilons.findLast((epsilon) => at(epsilon).length > 0)!
		const clean = at(0).map(({ value }) => value)
		const [least, most] = [Math.min(...clean), Math.max(...clean)].map(percentText)
		const from =
			clean.length === 0 || end === 0
				? ''
				: `; on clean images accuracy is ${least === most ? least : `from ${least} to ${most}`}`
		return `On ${place.dataset} at epsilon ${sizeText(end)} ${extremesText(at(end))}${from}.`
	})
	return {
		name,
		title,
		sentence: seen.join(' '),
		figure: {
			title: {
				text: title,
				subtitle: [
					protocolText(result, modelTitle(model), cells),
					`Bands: 95 % Wilson intervals. The axis is logarithmic beyond ${linf ? '1/255' : '1'}.`,
				].flatMap(textLines),
			},
			config: figureConfig,
			...grid(Math.min(columns, datasets.length)),
			concat: panels,
		},
		table: numbersTable(
			{ name, title },
			{ words: ['data set', 'method', 'epsilon'], numbers: ['accuracy'] },
			datasets.flatMap(({ dataset }) =>
				series.flatMap((line) =>
					line.cells
						.filter((cell) => cell.dataset === dataset)
						.toSorted((a, b) => sizeOf(a) - sizeOf(b))
						.map((cell) => ({ words: [dataset, line.name, sizeText(sizeOf(cell))], numbers: [accuracyCell(cell)] })),
				),
			),
			['In brackets 95 % Wilson intervals, in percent.'],
		),
	}
}
