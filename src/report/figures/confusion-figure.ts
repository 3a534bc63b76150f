/** Confusions of vanilla and of a hardened model, clean and under attack. */

import type { TopLevelSpec } from 'vega-lite'
import { at, present } from '../../core/at.js'
import type { EvaluationRecord } from '../../evaluation/robustness/recorded-evaluation.js'
import type { Cell, Condition, ExperimentResult } from '../../experiments/experiment-result.js'
import { percentText } from '../number-text.js'
import { recordsBelow } from '../records-below.js'
import { modelName, pointName } from '../tables/places.js'
import { type ConfusedModel, type Confusion, confusedPairs, confusion } from './panels/confusion.js'
import { confusionPanels, pairPanels, squareSize } from './panels/confusion-panels.js'
import { figureFrame } from './panels/layout.js'
import type { ReportFigure } from './report-figure.js'
import { experimentText, figureName, listText, numbersTable } from './texts.js'

/** More classes than this do not fit in a matrix; the figure then shows the top confusions. */
const mostClasses = 20
/** Rows of the table. */
const mostPairs = 30

/**
 * One figure per model and data set that the result shows, or of the first data set. It compares vanilla, if measured, with
 * the shown method, or with the method of the highest accuracy under the attack. The attack is the last row of a table, or
 * the first attack. Skips cells without records.
 * @param root Folder of all experiments.
 * @throws NaptuneError for a damaged record.
 */
export async function confusionFigures(result: ExperimentResult, root: string): Promise<ReportFigure[]> {
	const attacks = result.conditions.filter(({ attack, role }) => attack !== undefined && role === 'table')
	const condition = result.layout === 'table' ? attacks.at(-1) : attacks[0]
	if (!condition) return []
	const shown = result.shown.filter(({ method }) => method !== 'vanilla')
	const places = shown.length > 0 ? [...new Set(shown.map(({ dataset }) => dataset))] : result.datasets.slice(0, 1)
	const recordAt = recordsBelow(root)
	const figures: ReportFigure[] = []
	for (const model of result.models) {
		for (const dataset of places) {
			const cells = result.cells.filter(
				(cell) => cell.model === model && cell.dataset === dataset && cell.condition === condition.name,
			)
			const methods = new Set(shown.flatMap((one) => (one.dataset === dataset ? [one.method] : [])))
			const chosen = chosenCells(cells, methods)
			const found = (await Promise.all(chosen.map(({ seeds }) => recordAt(at(seeds, 0).record)))).flatMap(
				(record, index) => (record ? [{ cell: at(chosen, index), record }] : []),
			)
			if (found.length > 0) figures.push(confusionFigure(result, condition, found))
		}
	}
	return figures
}

/** Vanilla and the best method. */
function chosenCells(cells: readonly Cell[], methods: ReadonlySet<string>): Cell[] {
	const vanilla = cells.find(({ method }) => method === 'vanilla')
	const hardened = cells.filter(({ method }) => method !== 'vanilla')
	const candidates = hardened.some(({ method }) => methods.has(method))
		? hardened.filter(({ method }) => methods.has(method))
		: hardened
	const best = candidates.reduce<Cell | undefined>(
		(most, cell) => (most === undefined || cell.accuracy > most.accuracy ? cell : most),
		undefined,
	)
	return [vanilla, best].filter((cell) => cell !== undefined)
}

function confusionFigure(
	result: ExperimentResult,
	condition: Condition,
	found: readonly { readonly cell: Cell; readonly record: EvaluationRecord }[],
): ReportFigure {
	const { dataset, model } = at(found, 0).cell
	const { classNames } = at(found, 0).record.dataset
	const models = found.map(({ cell, record: { outcomes } }): ConfusedModel => {
		const { title } = present(
			result.methods.find(({ name }) => name === cell.method),
			`method ${cell.method}`,
		)
		return {
			title:
				cell.point === undefined || !result.axis
					? title
					: `${title} (${result.axis.name} ${pointName(result, cell.point)})`,
			clean: confusion(outcomes, 'cleanPrediction', classNames.length),
			attacked: confusion(outcomes, 'adversarialPrediction', classNames.length),
		}
	})
	const parts = result.datasets.length > 1 ? [dataset] : []
	const name = figureName(result, 'confusion', model, ...parts)
	const title = `Confused classes, clean and under ${condition.title}`
	const whole = classNames.length <= mostClasses
	const longest = Math.min(24, Math.max(...classNames.map((one) => one.length)))
	const counts = [...new Set(found.map(({ record }) => record.images))]
	return {
		name,
		title,
		sentence: models.map((one) => seenText(one, classNames)).join(' '),
		figure: {
			...figureFrame(
				title,
				[
					experimentText(result),
					`Model ${modelName(result, model)}, ${dataset}, n = ${listText(counts.map(String))} test images, seed ${listText([...new Set(found.map(({ cell }) => String(at(cell.seeds, 0).seed)))])}.`,
					whole
						? 'Percent of the images of a row’s class; the diagonal is correct. Images that are wrong when clean are not attacked and keep their place.'
						: 'The pairs of classes with the most images under the attack. Images that are wrong when clean are not attacked and keep their place.',
				],
				whole ? 2 : 1,
				whole ? 2 * squareSize(classNames) * classNames.length + 80 : 700,
				whole ? { row: 84 + 6 * longest, column: 50 + 9 * longest } : {},
			),
			concat: whole ? confusionPanels(models, classNames) : pairPanels(models, classNames),
		} satisfies TopLevelSpec,
		table: numbersTable(
			{ name, title },
			{ words: ['method', 'class', 'mistaken for'], numbers: ['images clean', 'images attacked', 'share attacked'] },
			models.flatMap((one) =>
				confusedPairs(one.attacked)
					.slice(0, mostPairs)
					.map((pair) => ({
						words: [one.title, at(classNames, pair.label), at(classNames, pair.prediction)],
						numbers: [
							{
								text: String(at(one.clean.counts, pair.label)[pair.prediction]),
								value: at(at(one.clean.counts, pair.label), pair.prediction),
							},
							{ text: String(pair.images), value: pair.images },
							{ text: percentText(pair.share), value: pair.share },
						],
					})),
			),
			[`At most ${mostPairs} pairs, those with the most images under the attack. Share: of the images of the class.`],
		),
	}
}

function seenText({ title, clean, attacked }: ConfusedModel, classNames: readonly string[]): string {
	const right = ({ counts, images }: Confusion) => {
		const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
		return percentText(sum(counts.map((row, label) => at(row, label))) / sum(images))
	}
	const pair = confusedPairs(attacked)[0]
	const most = pair
		? `; most often ${classNames[pair.label]} is mistaken for ${classNames[pair.prediction]} (${pair.images} of ${attacked.images[pair.label]} images)`
		: ''
	return `${title}: ${right(clean)} right clean, ${right(attacked)} under attack${most}.`
}
