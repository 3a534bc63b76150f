/** States the findings of an experiment in sentences made from its numbers. */

import { epsilonText } from '../../../attacks/sets/size-text.js'
import { at } from '../../../core/at.js'
import { defined } from '../../../core/defined.js'
import { type CorrectedProbabilities, correctedProbabilities, level } from '../../../experiments/correction.js'
import type { Cell, Condition, ExperimentResult, Method } from '../../../experiments/experiment-result.js'
import type { EvaluationRecord } from '../../../records/evaluation.js'
import { listText } from '../../figures/texts.js'
import { normText, percentNumber, percentText, pointsText, probabilityText } from '../../number-text.js'
import { modelName, pointName } from '../../tables/places.js'
import { worseThanVanilla } from '../../worse-than-vanilla.js'

/** A method in a condition: one cell, or the mean over data sets. */
interface Score {
	readonly method: Method
	readonly point?: number
	readonly accuracy: number
	/** Cell of one data set. */
	readonly cell?: Cell
	/** Number of data sets in the mean. */
	readonly datasets?: number
}

/** Maximum number of equal methods to name one by one. */
const mostNamed = 3

/** A condition with the score of every method. */
interface Row {
	readonly condition: Condition
	readonly scores: readonly Score[]
}

/**
 * One sentence per model: what the best tuned method keeps under the strongest attack, compared with vanilla CLIP and with
 * the reference method, and on clean images. If nothing was measured, one sentence says so.
 */
export function verdictOf(result: ExperimentResult): string[] {
	const sentences = result.models.flatMap((model) => modelVerdict(result, model) ?? [])
	return sentences.length > 0 ? sentences : ['Nothing could be measured; the problems are listed below.']
}

/**
 * One sentence with the paired test for each model of which even the best tuned version is worse than vanilla CLIP.
 * @param recordAt Reads a record by its path in the result; missing records are skipped.
 */
export async function worseThanVanillaSentences(
	result: ExperimentResult,
	recordAt: (path: string) => Promise<EvaluationRecord | undefined>,
): Promise<string[]> {
	const sentences = []
	for (const model of result.models) {
		const found = standing(result, model)
		const [own, vanilla] = [found?.best.cell, found?.vanilla?.cell]
		if (!found || !own || !vanilla) continue
		const [first, second] = await Promise.all([own, vanilla].map(({ seeds }) => recordAt(at(seeds, 0).record)))
		const sentence = first && second && worseThanVanilla(first, second, titleOf(result, found.best))
		if (sentence) sentences.push(sentence)
	}
	return sentences
}

/** The best tuned model under the strongest attack, and the scores to compare it with. */
function standing(result: ExperimentResult, model: string) {
	const rows = rowsOf(result, model)
	const attacked = rows.filter(({ condition }) => condition.attack !== undefined)
	const row = hardest(attacked) ?? rows[0]
	if (!row) return undefined
	const tuned = row.scores.filter(({ method }) => method.name !== 'vanilla')
	const competing = comparable(tuned.length > 0 ? tuned : row.scores)
	const top = highest(competing)
	// Values that look equal to the reader count as equal.
	const equal = competing.filter(({ accuracy }) => percentNumber(accuracy) === percentNumber(top.accuracy))
	const best = equal.find(({ method }) => method.name === result.reference) ?? top
	const vanilla = row.scores.find((score) => score.method.name === 'vanilla' && score !== best)
	return { rows, attacked, row, competing, equal, best, vanilla }
}

function modelVerdict(result: ExperimentResult, model: string): string | undefined {
	const found = standing(result, model)
	if (!found) return undefined
	const { rows, attacked, row, competing, equal, best, vanilla } = found
	const others = equal.filter((score) => score !== best)
	const reference = competing.filter((score) => score.method.name === result.reference && !equal.includes(score))
	const clean = rows.find(({ condition }) => condition.attack === undefined)
	const cleanOf = (of: Score) =>
		clean?.scores.find(({ method, point }) => method.name === of.method.name && point === of.point)
	const [bestClean, vanillaClean] = [cleanOf(best), vanilla && cleanOf(vanilla)]
	const where = whereText(
		row.condition,
		attacked.length,
		result.models.length > 1 ? modelName(result, model) : undefined,
	)
	const chosen = competing.length > 1 && others.length === 0 ? `, the best of ${competing.length} tuned models,` : ''
	const same = others.length === 0 ? '' : `, as ${equalText(result, others)}`
	const first = `${where}, ${titleOf(result, best)}${chosen} gets ${amountText(best, result.datasets.length > 1)}${same}`
	const corrected = correctedProbabilities(result)
	const beside = [
		...(vanilla ? [besideText(best, vanilla, corrected)] : []),
		...(reference.length > 0
			? [`${titleOf(result, highest(reference))} ${percentText(highest(reference).accuracy)}`]
			: []),
	]
	const cleanly =
		row.condition.attack && bestClean
			? `; on clean images ${others.length === 0 ? 'it' : titleOf(result, best)} gets ${percentText(bestClean.accuracy)} right${vanillaClean ? `, vanilla CLIP ${percentText(vanillaClean.accuracy)}` : ''}`
			: ''
	return `${[first, ...beside].join(', ')}${cleanly}.`
}

/** The rows of a table; in a matrix, every condition may be a point of a curve. */
function rowsOf(result: ExperimentResult, model: string): Row[] {
	const { conditions } = result
	const tabled = conditions.some(({ role, attack }) => role === 'table' && attack !== undefined)
	return conditions
		.filter(({ role }) => role === 'table' || !tabled)
		.map((condition) => ({ condition, scores: scoresOf(result, model, condition) }))
		.filter(({ scores }) => scores.length > 0)
}

function scoresOf({ averages, cells, methods }: ExperimentResult, model: string, condition: Condition): Score[] {
	const own = cells.filter((cell) => cell.model === model && cell.condition === condition.name)
	const several = new Set(own.map(({ dataset }) => dataset)).size > 1 && averages.length > 0
	// Evaluations on several data sets have no mean, so use the first one.
	const first = own.filter(({ dataset }) => dataset === own[0]?.dataset)
	return methods.flatMap((method): Score[] => {
		if (!several) {
			return first.filter((cell) => cell.method === method.name).map((cell) => ({ ...placed(cell), method, cell }))
		}
		return averages
			.filter((one) => one.model === model && one.condition === condition.name && one.method === method.name)
			.map((one) => ({ ...placed(one), method, datasets: one.datasets }))
	})
}

function placed({ accuracy, point }: { readonly accuracy: number; readonly point?: number }) {
	return { accuracy, ...defined({ point }) }
}

/** The strongest attack: the one whose best method has the lowest accuracy; the last one of equals. */
function hardest(rows: readonly Row[]): Row | undefined {
	return rows.reduce<Row | undefined>(
		(least, row) =>
			least === undefined || highest(row.scores).accuracy <= highest(least.scores).accuracy ? row : least,
		undefined,
	)
}

function highest(scores: readonly Score[]): Score {
	return comparable(scores).reduce((most, score) => (score.accuracy > most.accuracy ? score : most))
}

/** Means over fewer data sets than others do not compete. */
function comparable(scores: readonly Score[]): Score[] {
	const most = Math.max(...scores.map(({ datasets = 1 }) => datasets))
	return scores.filter(({ datasets = 1 }) => datasets === most)
}

function whereText({ title, threatModel, attack }: Condition, attacks: number, model: string | undefined): string {
	const place = model === undefined ? '' : ` on ${model}`
	if (!attack) return `On clean images${place}`
	// A title may already state the size.
	const said = !threatModel || title.includes(epsilonText(threatModel.epsilon))
	const size = said ? '' : ` at ${normText(threatModel.norm)} epsilon ${epsilonText(threatModel.epsilon)}`
	return `Under ${title}${size}${place}${attacks > 1 ? ', the strongest attack' : ''}`
}

function titleOf(result: ExperimentResult, { method, point }: Score): string {
	if (!result.axis || point === undefined) return method.title
	return `${method.title} (${result.axis.title}: ${pointName(result, point)})`
}

/** Names the methods with an equal score. */
function equalText(result: ExperimentResult, scores: readonly Score[]): string {
	if (scores.length > mostNamed) return `do ${scores.length} others`
	return `${scores.length === 1 ? 'does' : 'do'} ${listText(scores.map((score) => titleOf(result, score)))}`
}

function amountText({ accuracy, cell, datasets }: Score, several: boolean): string {
	if (cell) return `${percentText(accuracy)} of ${cell.images} images${several ? ` of ${cell.dataset}` : ''} right`
	return `${percentText(accuracy)} right on average over ${datasets} data sets`
}

/** The paired difference if one of the two is the reference, otherwise whether the intervals overlap. */
function besideText(score: Score, vanilla: Score, corrected: CorrectedProbabilities): string {
	const points = `${pointsText(100 * (score.accuracy - vanilla.accuracy))} points`
	const start = `vanilla CLIP ${percentText(vanilla.accuracy)}`
	if (!score.cell || !vanilla.cell) {
		const same = score.datasets === vanilla.datasets
		return same ? `${start} (${points})` : `${start} over ${vanilla.datasets ?? 1}, which is not comparable`
	}
	const { interval } = score.cell
	const paired = pairedDifference(score, vanilla, corrected)
	if (paired) {
		const [low, high] = paired.interval
		return `${start} (${pointsText(100 * paired.difference)} points, 95 % interval ${pointsText(100 * low)} to ${pointsText(100 * high)}${doubtText(paired)})`
	}
	const other = vanilla.cell.interval
	const overlap = interval[0] <= other[1] && other[0] <= interval[1]
	return `${start} (${points}${overlap ? ', with 95 % intervals that overlap' : ''})`
}

interface Paired {
	readonly difference: number
	readonly interval: readonly [number, number]
	/** Corrected p-value of McNemar's test. */
	readonly p: number
}

/** Evidence against a difference, from the test that the tables mark. */
function doubtText({ interval: [low, high], p }: Paired): string {
	if (low <= 0 && high >= 0) return ', which does not exclude 0'
	return p < level ? '' : `, but not significant in McNemar's test, p = ${probabilityText(p)} after Holm's correction`
}

function pairedDifference(
	{ method, cell, point }: Score,
	vanilla: Score,
	corrected: CorrectedProbabilities,
): Paired | undefined {
	if (cell?.paired?.reference === 'vanilla') {
		return { ...cell.paired, p: corrected.get(cell) ?? cell.paired.p }
	}
	const other = vanilla.cell?.paired
	// In a curve, the reference may be the method at another point.
	if (point !== undefined || !vanilla.cell || other?.reference !== method.name) return undefined
	const [low, high] = other.interval
	return { difference: -other.difference, interval: [-high, -low], p: corrected.get(vanilla.cell) ?? other.p }
}
