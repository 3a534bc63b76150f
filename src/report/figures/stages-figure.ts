/** Draws the accuracy left after each stage of an attack with several, such as AutoAttack. */

import { at, present } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { wilsonInterval } from '../../statistics/wilson.js'
import { intervalText, percentText } from '../number-text.js'
import type { TableCell } from '../tables/table.js'
import { bandsText, curveFigure, mostBands } from './curve-figure.js'
import { type DatasetCells, placesOf, type Series, seriesOf } from './panels/series.js'
import type { ReportFigure } from './report-figure.js'
import { figureName, highestText, listText, numbersTable, protocolTexts } from './texts.js'

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
			({ model, places }) => stagesFigure(result, condition, model, places, staged.length > 1),
		),
	)
}

function stagesFigure(
	result: ExperimentResult,
	condition: ExperimentResult['conditions'][number],
	model: string,
	places: readonly DatasetCells[],
	several: boolean,
): ReportFigure {
	const datasets = places.map(({ dataset }) => dataset)
	const cells = places.flatMap((place) => place.cells)
	const all = seriesOf(result, cells)
	const series = all.slice(0, mostLines)
	// With few classes an attack omits stages.
	const stages = ['clean', ...new Set(cells.flatMap((cell) => stagesOf(at(cell.seeds, 0)).map(({ stage }) => stage)))]
	const banded = series.length <= mostBands
	const name = figureName(result, 'stages', model, ...(several ? [condition.name] : []))
	const title = `Accuracy left after each stage of ${condition.title}`
	const seeded = cells.some((cell) => cell.seeds.length > 1)
	const ofPlace = (line: Series, dataset: string) => {
		const cell = line.cells.find((one) => one.dataset === dataset)
		return cell ? stageMeans(cell) : []
	}
	return {
		name,
		title,
		sentence: highestText(
			`after ${listText(stages.slice(1))}`,
			datasets.map((dataset) => ({
				place: dataset,
				values: series.flatMap((line) => {
					const end = ofPlace(line, dataset).at(-1)
					return end ? [{ name: line.name, value: end.accuracy }] : []
				}),
			})),
		),
		figure: curveFigure({
			title,
			notes: [
				...protocolTexts(result, model, cells),
				`Each stage attacks only images that survived the earlier ones. ${bandsText(banded)}`,
				...(banded && seeded ? ['Bands are of the first seed.'] : []),
				...(all.length > series.length
					? [`The figure shows only the first ${series.length} of ${all.length} lines.`]
					: []),
			],
			datasets,
			lines: series,
			points: (dataset) =>
				series.flatMap((line) =>
					ofPlace(line, dataset).map(({ stage, accuracy, interval }) => ({
						line: line.name,
						x: stages.indexOf(stage),
						y: accuracy,
						...defined({ low: banded ? interval[0] : undefined, high: banded ? interval[1] : undefined }),
					})),
				),
			axis: { title: 'stage', values: [...stages.keys()], labels: stages, scale: 'linear' },
		}),
		table: numbersTable(
			{ name, title },
			{ words: ['data set', 'method'], numbers: stages },
			datasets.flatMap((dataset) =>
				all
					.map((line) => ({ line, found: ofPlace(line, dataset) }))
					.filter(({ found }) => found.length > 0)
					.map(({ line, found }) => ({
						words: [dataset, line.name],
						numbers: stages.map((stage) => {
							const mean = found.find((one) => one.stage === stage)
							return mean ? stageCell(mean, at(line.cells, 0).images) : { text: '' }
						}),
					})),
			),
			[
				`Accuracy over all images, mean over seeds. In brackets 95 % Wilson intervals${seeded ? ' of the first seed' : ''}, in percent.`,
			],
		),
	}
}

function stageCell({ accuracy, interval }: StageMean, images: number): TableCell {
	return { text: percentText(accuracy), value: accuracy, detail: `${intervalText(interval)}, n = ${images}` }
}

/** Stages of an attack with several. */
function stagesOf({ stages, record }: Cell['seeds'][number]) {
	return present(stages, `stage in ${record}`)
}

/** Clean accuracy, and accuracy after every stage. */
function stageMeans({ seeds }: Cell): StageMean[] {
	const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
	const first = stagesOf(at(seeds, 0))
	const clean = mean(seeds.map((seed) => at(stagesOf(seed), 0).attacked / seed.images))
	return [
		{ stage: 'clean', accuracy: clean, interval: wilsonInterval(at(first, 0).attacked, at(seeds, 0).images) },
		...first.map(({ stage, robust }) => ({
			stage,
			accuracy: mean(
				seeds.map((seed) => {
					const own = stagesOf(seed).find((one) => one.stage === stage)
					return present(own, `stage ${stage}`).robust.accuracy
				}),
			),
			interval: robust.interval,
		})),
	]
}
