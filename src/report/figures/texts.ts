/** Words and numbers that figures of experiments share. */

import { modelTitle } from '../../experiments/cells.js'
import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import type { ReportTable, TableCell } from '../tables/table.js'

/** A share in [0, 1] as `57.6 %`. */
export function percentText(share: number): string {
	return `${(100 * share).toFixed(1)} %`
}

/** An interval of shares as `[52.1, 63.0]`, in percent. */
export function intervalText([low, high]: readonly [number, number]): string {
	return `[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`
}

/** How many test images the cells have. */
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
	const seedText = several ? `mean over seeds ${seeds.join(', ')}` : `seed ${cells[0]!.seeds[0]!.seed}`
	return [experimentText(result), `Model ${modelTitle(model)}, ${imagesText(cells)}, ${seedText}.`]
}

/** Which experiment a figure is of. */
export function experimentText({ title, quick }: ExperimentResult): string {
	return `${title}${quick ? ' (small experiment)' : ''}.`
}

/**
 * The stem of a figure's files, of small letters, digits and `-`: its kind, and what tells it from others of that kind.
 * @param model Left out where all figures are of the same.
 */
export function figureName(
	{ models }: Pick<ExperimentResult, 'models'>,
	kind: string,
	model: string,
	...parts: readonly string[]
): string {
	const all = [kind, ...(models.length > 1 ? [modelTitle(model)] : []), ...parts]
	return all
		.join('-')
		.toLowerCase()
		.replaceAll(/[^a-z0-9]+/g, '-')
}

/** Which of these is highest and which lowest. @param values At least one; shares. */
export function extremesText(values: readonly { readonly name: string; readonly value: number }[]): string {
	const highest = values.reduce((best, one) => (one.value > best.value ? one : best))
	const lowest = values.reduce((worst, one) => (one.value < worst.value ? one : worst))
	if (highest.value === lowest.value) {
		return values.length === 1
			? `${highest.name} has ${percentText(highest.value)}`
			: `all have ${percentText(highest.value)}`
	}
	return `${highest.name} has the highest accuracy with ${percentText(highest.value)}, ${lowest.name} the lowest with ${percentText(lowest.value)}`
}

/** A list in words: `a, b and c`. */
export function listText(words: readonly string[]): string {
	return words.length < 2 ? (words[0] ?? 'none') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** An accuracy with its interval, deviation and images. */
export function accuracyCell(cell: Pick<Cell, 'accuracy' | 'interval' | 'images' | 'deviation'>): TableCell {
	const { accuracy, interval, images, deviation } = cell
	const spread = deviation === undefined ? '' : `, deviation ${(100 * deviation).toFixed(1)}`
	return {
		text: percentText(accuracy),
		value: accuracy,
		detail: `${intervalText(interval)}${spread}, n = ${images}`,
	}
}

/** The numbers of a figure: the columns of `words` are text, those of `numbers` are not. */
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

/** What is highest where: everything said for one or two places, counted for more. @param at Such as `at epsilon 1/255`. */
export function highestText(at: string, places: readonly PlaceValues[]): string {
	const measured = places.filter(({ values }) => values.length > 0)
	if (measured.length < 3) {
		return measured.map(({ place, values }) => `On ${place} ${at} ${extremesText(values)}.`).join(' ')
	}
	const counts = new Map<string, number>()
	for (const { values } of measured) {
		const most = Math.max(...values.map(({ value }) => value))
		for (const { name } of values.filter(({ value }) => value === most)) counts.set(name, (counts.get(name) ?? 0) + 1)
	}
	const ranked = [...counts].toSorted(([, a], [, b]) => b - a)
	return `Highest accuracy ${at}: ${listText(ranked.map(([name, count]) => `${name} on ${count}`))} of ${measured.length} data sets.`
}
