/** What is left right after each stage of an attack that has several, such as AutoAttack. */

import { wilsonInterval } from '../../evaluation/wilson.js'
import { modelTitle } from '../../experiments/cells.js'
import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { type CurvePoint, curvePanel, topOfShares } from './curve-panel.js'
import { figureFrame, lineSize, mostBands } from './layout.js'
import type { ReportFigure } from './report-figure.js'
import { placesOf, type Series, seriesOf } from './series.js'
import { bandsText, figureName, highestText, listText, numbersTable, percentText, protocolText } from './texts.js'

/** More lines than this in a panel are not legible. */
const mostLines = 16

/** Accuracy after a stage, mean over seeds. */
interface StageMean {
	readonly stage: string
	readonly accuracy: number
	/** Of the first seed. */
	readonly interval: readonly [number, number]
}

/** One figure per model and condition with stages, with one panel per data set. */
export function stagesFigures(result: ExperimentResult): ReportFigure[] {
	const staged = result.conditions.filter(
		({ name, role }) =>
			role === 'table' &&
			result.cells.some((cell) => cell.condition === name && cell.seeds.every(({ stages }) => stages)),
	)
	return staged.flatMap((condition) =>
		placesOf(result, (cell) => cell.condition === condition.name && cell.seeds.every(({ stages }) => stages)).map(
			({ model, datasets }) => stagesFigure(result, condition, model, datasets, staged.length > 1),
		),
	)
}

function stagesFigure(
	result: ExperimentResult,
	condition: ExperimentResult['conditions'][number],
	model: string,
	datasets: readonly { readonly dataset: string; readonly cells: readonly Cell[] }[],
	several: boolean,
): ReportFigure {
	const cells = datasets.flatMap((place) => place.cells)
	const all = seriesOf(result, cells)
	const series = all.slice(0, mostLines)
	const stages = ['clean', ...cells[0]!.seeds[0]!.stages!.map(({ stage }) => stage)]
	const positions = stages.map((_, at) => at)
	const { columns, width, height } = lineSize(datasets.length)
	const banded = series.length <= mostBands
	const name = figureName(
		'stages',
		...(several ? [condition.name] : []),
		...(result.models.length > 1 ? [modelTitle(model)] : []),
	)
	const title = `Accuracy left after each stage of ${condition.title}`
	const ofPlace = (line: Series, dataset: string) => {
		const cell = line.cells.find((one) => one.dataset === dataset)
		return cell ? stageMeans(cell) : []
	}
	const means = datasets.flatMap(({ dataset }) => series.flatMap((line) => ofPlace(line, dataset)))
	return {
		name,
		title,
		sentence: highestText(
			`after ${listText(stages.slice(1))}`,
			datasets.map(({ dataset }) => ({
				place: dataset,
				values: series.flatMap((line) => {
					const end = ofPlace(line, dataset).at(-1)
					return end ? [{ name: line.name, value: end.accuracy }] : []
				}),
			})),
		),
		figure: {
			...figureFrame(
				title,
				[
					protocolText(result, modelTitle(model), cells),
					`Each stage is tried on what the ones before had left right. ${bandsText(banded)}`,
					...(banded && cells.some((cell) => cell.seeds.length > 1) ? ['Bands are of the first seed.'] : []),
					...(all.length > series.length ? [`Only the first ${series.length} of ${all.length} lines are drawn.`] : []),
				],
				columns,
				columns * width,
			),
			concat: datasets.map(({ dataset }, at) =>
				curvePanel({
					points: series.flatMap((line) =>
						ofPlace(line, dataset).map(
							({ stage, accuracy, interval }): CurvePoint => ({
								line: line.name,
								x: stages.indexOf(stage),
								y: accuracy,
								...(banded && { low: interval[0], high: interval[1] }),
							}),
						),
					),
					lines: series,
					...(datasets.length > 1 && { title: dataset }),
					yTitle: at % columns === 0 ? 'accuracy' : '',
					most: topOfShares(means.map(({ interval }) => interval[1])),
					x: { title: 'stage', values: positions, labels: stages, scale: 'linear' },
					width,
					height,
					legendWidth: columns * width,
				}),
			),
		},
		table: numbersTable(
			{ name, title },
			{ words: ['data set', 'method'], numbers: stages },
			datasets.flatMap(({ dataset }) =>
				all
					.map((line) => ({ line, found: ofPlace(line, dataset) }))
					.filter(({ found }) => found.length > 0)
					.map(({ line, found }) => ({
						words: [dataset, line.name],
						numbers: found.map(({ accuracy }) => ({ text: percentText(accuracy), value: accuracy })),
					})),
			),
			['Accuracy over all images, mean over seeds.'],
		),
	}
}

/** Clean accuracy and what every stage left. */
function stageMeans({ seeds }: Cell): StageMean[] {
	const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
	const first = seeds[0]!.stages!
	const clean = mean(seeds.map(({ stages, images }) => stages![0]!.attacked / images))
	return [
		{ stage: 'clean', accuracy: clean, interval: wilsonInterval(first[0]!.attacked, seeds[0]!.images) },
		...first.map(({ stage, robust }) => ({
			stage,
			accuracy: mean(seeds.map(({ stages }) => stages!.find((one) => one.stage === stage)!.robust.accuracy)),
			interval: robust.interval,
		})),
	]
}
