/** What an experiment found, in sentences made of its numbers. */

import { epsilonText } from '../../attacks/size-text.js'
import type { Cell, Condition, ExperimentResult, Method } from '../../experiments/experiment-result.js'
import { percentText } from '../figures/texts.js'
import { normText } from '../number-text.js'
import { pointsText } from '../tables/number-text.js'

/** A method in a condition: one cell, or the mean over data sets. */
interface Score {
	readonly method: Method
	readonly point?: number
	readonly accuracy: number
	/** Of one data set. */
	readonly cell?: Cell
}

/**
 * One sentence for each model: what is left under the attack that leaves the least, beside vanilla CLIP and on clean images.
 * Where nothing was measured, one sentence that says so.
 */
export function verdictOf(result: ExperimentResult): string[] {
	const sentences = result.models.flatMap((model) => modelVerdict(result, model) ?? [])
	return sentences.length > 0 ? sentences : ['Nothing could be measured; the problems are listed below.']
}

function modelVerdict(result: ExperimentResult, model: string): string | undefined {
	const isRow = ({ role, attack }: Condition) => role === 'table' && attack !== undefined
	// Of a matrix, every condition may be a point of a curve.
	const shown = result.conditions.some(isRow) ? (condition: Condition) => condition.role === 'table' : () => true
	const rows = result.conditions
		.filter(shown)
		.map((condition) => ({ condition, scores: scoresOf(result, model, condition) }))
		.filter(({ scores }) => scores.length > 0)
	const attacked = rows.filter(({ condition }) => condition.attack !== undefined)
	const hardest = lowest(attacked, ({ scores }) => Math.max(...scores.map(({ accuracy }) => accuracy)))
	const row = hardest ?? rows[0]
	if (!row) return undefined
	const tuned = row.scores.filter(({ method }) => method.name !== 'vanilla')
	const best = highest(tuned.length > 0 ? tuned : row.scores)!
	const vanilla = row.scores.find(({ method }) => method.name === 'vanilla')
	const clean = rows.find(({ condition }) => condition.attack === undefined)
	const cleanOf = (of: Score) => clean?.scores.find((score) => sameModel(score, of))?.accuracy
	const bestClean = cleanOf(best)
	const vanillaClean = vanilla && cleanOf(vanilla)
	return [
		`${where(row.condition, attacked.length, result.models.length > 1 ? model : undefined)}, ${titleOf(result, best)} gets ${scoreText(best, result)} right`,
		...(vanilla && vanilla !== best
			? [`, vanilla CLIP ${scoreText(vanilla, result)}${differenceText(best, vanilla)}`]
			: []),
		...(row.condition.attack && bestClean !== undefined
			? [
					`; on clean images it gets ${percentText(bestClean)} right${
						vanillaClean !== undefined && vanilla !== best ? `, vanilla CLIP ${percentText(vanillaClean)}` : ''
					}`,
				]
			: []),
		'.',
	].join('')
}

function scoresOf(result: ExperimentResult, model: string, condition: Condition): Score[] {
	const { averages, cells, methods, datasets } = result
	const single = cells.filter((cell) => cell.model === model && cell.condition === condition.name)
	const several = new Set(single.map(({ dataset }) => dataset)).size > 1 && datasets.length > 1
	const found: readonly (Omit<Score, 'method'> & { readonly method: string })[] = several
		? averages.filter((average) => average.model === model && average.condition === condition.name)
		: single.map((cell) => ({ ...cell, cell }))
	return found.flatMap(({ method: name, ...score }) => {
		const method = methods.find((one) => one.name === name)
		return method ? [{ ...score, method }] : []
	})
}

function where(condition: Condition, attacks: number, model: string | undefined): string {
	const { title, threatModel } = condition
	const size = threatModel ? ` at ${normText(threatModel.norm)} epsilon ${epsilonText(threatModel.epsilon)}` : ''
	const place = model === undefined ? '' : ` of ${model}`
	if (!condition.attack) return `On clean images${place}`
	// A title may say the size already.
	const shown = threatModel && title.includes(epsilonText(threatModel.epsilon)) ? '' : size
	return attacks > 1
		? `Under ${title}${shown}, the attack that leaves the least${place}`
		: `Under ${title}${shown}${place}`
}

function titleOf({ axis }: ExperimentResult, { method, point }: Score): string {
	if (!axis || point === undefined) return method.title
	const label = axis.labels?.[axis.values.indexOf(point)] ?? String(point)
	return `${method.title} with ${axis.title} ${label}`
}

function scoreText({ accuracy, cell }: Score, { datasets }: ExperimentResult): string {
	if (cell) return `${percentText(accuracy)} of ${cell.images} images`
	return `${percentText(accuracy)} (mean over ${datasets.length} data sets)`
}

/** The paired difference where vanilla is the reference; else whether the intervals overlap. */
function differenceText({ cell, accuracy }: Score, vanilla: Score): string {
	if (!cell || !vanilla.cell) return ` (${pointsText(100 * (accuracy - vanilla.accuracy))} points)`
	const { paired } = cell
	if (paired?.reference === 'vanilla') {
		const [low, high] = paired.interval.map((bound) => pointsText(100 * bound))
		const clear = paired.interval[0] > 0 || paired.interval[1] < 0
		return ` (${pointsText(100 * paired.difference)} points, 95 % interval ${low} to ${high}${clear ? '' : ', which does not exclude 0'})`
	}
	const [own, other] = [cell.interval, vanilla.cell.interval]
	const overlap = own[0] <= other[1] && other[0] <= own[1]
	return ` (${pointsText(100 * (accuracy - vanilla.accuracy))} points${overlap ? ', with 95 % intervals that overlap' : ''})`
}

function sameModel(a: Score, b: Score): boolean {
	return a.method.name === b.method.name && a.point === b.point
}

function highest(scores: readonly Score[]): Score | undefined {
	return lowest(scores, ({ accuracy }) => -accuracy)
}

function lowest<Item>(items: readonly Item[], measure: (item: Item) => number): Item | undefined {
	return items.reduce<Item | undefined>(
		(least, item) => (least === undefined || measure(item) < measure(least) ? item : least),
		undefined,
	)
}
