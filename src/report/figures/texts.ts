/** Words and numbers shared by the figures of experiments. */

import { at } from '../../core/at.js'
import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { intervalText, percentNumber, percentText } from '../number-text.js'
import { fileStem, modelName } from '../tables/places.js'
import type { ReportTable, TableCell } from '../tables/table.js'

/** States the number of test images of the cells. */
function imagesText(cells: readonly Pick<Cell, 'images' | 'dataset'>[]): string {
	const counts = cells.map(({ images }) => images)
	const [least, most] = [Math.min(...counts), Math.max(...counts)]
	const several = new Set(cells.map(({ dataset }) => dataset)).size > 1
	return `${least === most ? `n = ${least}` : `n from ${least} to ${most}`} test images${several ? ' per data set' : ''}`
}

/** The lines under a figure's title: where its numbers come from. @param cells At least one. */
export function protocolTexts(result: ExperimentResult, model: string, cells: readonly Cell[]): string[] {
	const { seeds } = result
	const several = cells.some((cell) => cell.seeds.length > 1)
	const seedText = several ? `mean over seeds ${seeds.join(', ')}` : `seed ${at(at(cells, 0).seeds, 0).seed}`
	return [experimentText(result), `Model ${modelName(result, model)}, ${imagesText(cells)}, ${seedText}.`]
}

/** Names the experiment of a figure. */
export function experimentText({ title, quick }: ExperimentResult): string {
	return `${title}${quick ? ' (small experiment)' : ''}.`
}

/**
 * The stem of a figure's files, in lower-case letters, digits and `-`: its kind, and what distinguishes it from others of
 * that kind.
 * @param model Omitted if all figures have the same model.
 */
export function figureName(
	result: Pick<ExperimentResult, 'models'>,
	kind: string,
	model: string,
	...parts: readonly string[]
): string {
	return fileStem(kind, ...(result.models.length > 1 ? [modelName(result, model)] : []), ...parts)
}

/** States which of these is highest and which lowest. @param values At least one; shares. */
export function extremesText(values: readonly { readonly name: string; readonly value: number }[]): string {
	const shares = values.map(({ value }) => value)
	const [most, least] = [Math.max(...shares), Math.min(...shares)].map(percentText) as [string, string]
	if (most === least) return values.length === 1 ? `${at(values, 0).name} has ${most}` : `all have ${most}`
	// Values that look equal to the reader count as equal.
	const having = (text: string) => values.filter(({ value }) => percentText(value) === text).map(({ name }) => name)
	const [highest, lowest] = [having(most), having(least)]
	return `${someText(highest)} ${highest.length === 1 ? 'has' : 'have'} the highest accuracy with ${most}, ${someText(lowest)} the lowest with ${least}`
}

/** Names, or only their number if there are many. */
function someText(names: readonly string[]): string {
	return names.length > 4 ? `${names.length} of them` : listText(names)
}

/** A list in words: `a, b and c`. */
export function listText(words: readonly string[]): string {
	return words.length < 2 ? (words[0] ?? 'none') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** An accuracy with its interval, deviation and images. */
export function accuracyCell(cell: Pick<Cell, 'accuracy' | 'interval' | 'images' | 'deviation'>): TableCell {
	const { accuracy, interval, images, deviation } = cell
	const spread = deviation === undefined ? '' : `, deviation ${percentNumber(deviation)}`
	return {
		text: percentText(accuracy),
		value: accuracy,
		detail: `${intervalText(interval)}${spread}, n = ${images}`,
	}
}

/** The numbers of a figure: the columns of `words` hold text, those of `numbers` hold numbers. */
export function numbersTable(
	{ name, title }: { readonly name: string; readonly title: string },
	columns: { readonly words: readonly string[]; readonly numbers: readonly string[] },
	rows: readonly { readonly words: readonly string[]; readonly numbers: readonly TableCell[] }[],
	notes: readonly string[],
): ReportTable {
	return {
		name,
		title: `${title}: the numbers`,
		notes,
		columns: [
			...columns.words.map((word) => ({ title: word, align: 'left' as const })),
			...columns.numbers.map((number) => ({ title: number, align: 'right' as const })),
		],
		rows: rows.map(({ words, numbers }) => ({
			cells: [...words.map((text): TableCell => ({ text, header: true })), ...numbers],
		})),
	}
}

/** Values of one place, such as a data set. */
export interface PlaceValues {
	readonly place: string
	readonly values: readonly { readonly name: string; readonly value: number }[]
}

/**
 * States what is highest where: in full for one or two places, as counts for more.
 * @param index Such as `at epsilon 1/255`.
 */
export function highestText(index: string, places: readonly PlaceValues[]): string {
	const measured = places.filter(({ values }) => values.length > 0)
	if (measured.length < 3) {
		return measured.map(({ place, values }) => `On ${place} ${index} ${extremesText(values)}.`).join(' ')
	}
	const counts = new Map<string, number>()
	for (const { values } of measured) {
		const most = percentText(Math.max(...values.map(({ value }) => value)))
		for (const { name } of values.filter(({ value }) => percentText(value) === most))
			counts.set(name, (counts.get(name) ?? 0) + 1)
	}
	const ranked = [...counts].toSorted(([, a], [, b]) => b - a)
	return `Highest accuracy ${index}: ${listText(ranked.map(([name, count]) => `${name} on ${count}`))} of ${measured.length} data sets.`
}
