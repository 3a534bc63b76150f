/** What a reader must know beside the numbers, in sentences. */

import { sizeText } from '../../attacks/sets/size-text.js'
import { at } from '../../core/at.js'
import { type CorrectedProbabilities, level } from '../../experiments/correction.js'
import type { Cell, Condition, ExperimentResult, Problem } from '../../experiments/experiment-result.js'
import { leastFall, leastMove } from '../../experiments/learning.js'
import { notTrained, untrained } from '../not-trained.js'
import { normText, percentNumber } from '../number-text.js'
import { dagger, isTuned } from './accuracy-cells.js'
import { modelName, pointName } from './places.js'

/** Number of problems listed in a note; the table lists the rest. */
const problemsInNote = 3

/** Notes of a table of accuracies. @param cells Those it shows. @param bold What the best is the best of. */
export function accuracyNotes(
	result: ExperimentResult,
	cells: readonly Cell[],
	conditions: readonly Condition[],
	corrected: CorrectedProbabilities,
	bold: string,
): string[] {
	return [
		'Accuracy in %; an image that is wrong without an attack counts as wrong under it.',
		...attacksNote(conditions),
		...surrogatesNote(result, conditions),
		...imagesNote(cells),
		...seedsNote(result, cells),
		...protocolNote(result),
		...untrainedNote(cells),
		`Bold: the best ${bold}; underlined: the second.`,
		...daggerNote(result, cells, corrected),
		...scopeNotes(result),
	]
}

/** Notes of a table of averages over data sets, which have tables of their own. */
export function averageNotes(result: ExperimentResult, conditions: readonly Condition[], bold: string): string[] {
	return [
		'Accuracy in %, the mean over data sets; the tables of the data sets show intervals and numbers of images.',
		...attacksNote(conditions),
		`Bold: the best ${bold}; underlined: the second.`,
		...partialNote(result),
		...scopeNotes(result),
	]
}

/** Explains the number beside an average; empty if all averages are complete. */
export function partialNote({ averages, datasets }: ExperimentResult): string[] {
	if (averages.every((average) => average.datasets >= datasets.length)) return []
	return [
		`A number in parentheses after an average counts its data sets, of ${datasets.length}; such an average does not compete.`,
	]
}

/** States whether the experiment is the small one, what it skipped and what failed. */
export function scopeNotes(result: ExperimentResult): string[] {
	return [
		...(result.quick
			? ["The small experiment on the embedded model and data; it does not measure the paper's numbers."]
			: []),
		...missingNote(result),
		...problemNotes(result),
	]
}

function attacksNote(conditions: readonly Condition[]): string[] {
	const attacks = conditions.flatMap(({ title, attack, threatModel }) =>
		attack && threatModel
			? [{ title, name: attack.name, norm: normText(threatModel.norm), size: sizeText(threatModel) }]
			: [],
	)
	if (attacks.length === 0) return []
	const norms = new Set(attacks.map(({ norm }) => norm))
	if (norms.size === 1 && attacks.every(({ title, name, size }) => title.includes(name) && title.includes(size))) {
		return [`Perturbation sizes are in ${at(attacks, 0).norm}.`]
	}
	return [`Attacks: ${attacks.map(({ title, name, norm, size }) => `${title} (${name}, ${norm} ${size})`).join('; ')}.`]
}

/** Names the surrogates behind each row, and marks weak ones. */
function surrogatesNote({ surrogates = [], datasets }: ExperimentResult, conditions: readonly Condition[]): string[] {
	const rows = surrogates.flatMap(({ dataset, condition, models, weak, weakBelow }) => {
		const title = conditions.find(({ name }) => name === condition)?.title
		if (title === undefined) return []
		const each = models.map(({ name, accuracy }) =>
			accuracy === undefined ? name : `${name} (${percentNumber(accuracy)} % right)`,
		)
		const where = datasets.length > 1 ? ` on ${dataset}` : ''
		const mark = weak ? `, weak surrogates (below ${percentNumber(weakBelow)} %)` : ''
		return [`${title}${where} on ${each.join(', ')}${mark}`]
	})
	return rows.length === 0 ? [] : [`Surrogates that made the images: ${rows.join('; ')}.`]
}

function imagesNote(cells: readonly Cell[]): string[] {
	if (cells.length === 0) return []
	const counts = cells.map(({ images }) => images)
	const [least, most] = [Math.min(...counts), Math.max(...counts)]
	const widest = Math.max(
		...cells.map(({ accuracy, interval: [low, high] }) => Math.max(high - accuracy, accuracy - low)),
	)
	const n = least === most ? String(most) : `${least} to ${most}`
	return [
		`n = ${n} test images per number; brackets are 95 % Wilson intervals, which extend at most ${percentNumber(widest)} points.`,
	]
}

function seedsNote({ seeds }: ExperimentResult, cells: readonly Cell[]): string[] {
	const tuned = cells.filter(isTuned)
	if (tuned.length === 0) return []
	if (seeds.length === 1) return [`One tuning seed (${seeds[0]}); the effect of other seeds was not measured.`]
	const deviations = tuned.flatMap(({ deviation }) => (deviation === undefined ? [] : [deviation]))
	const largest = deviations.length === 0 ? '' : `, at most ${percentNumber(Math.max(...deviations))} points`
	return [
		`Means over ${seeds.length} tuning seeds (${seeds.join(', ')}) on the same test images; ± is the standard deviation over seeds${largest}.`,
	]
}

function daggerNote(
	{ reference, methods }: ExperimentResult,
	cells: readonly Cell[],
	corrected: CorrectedProbabilities,
): string[] {
	if (!cells.some((cell) => (corrected.get(cell) ?? 0) >= level)) return []
	const title = methods.find(({ name }) => name === reference)?.title ?? reference
	return [
		`${dagger}: not significantly different from ${title} on the same images (exact McNemar test of the first seed, p ≥ ${level} after Holm's correction over all comparisons of a model under a condition).`,
	]
}

/** Names the tuning protocols of the methods. */
function protocolNote({ methods }: ExperimentResult): string[] {
	const names = [...new Set(methods.flatMap(({ protocol }) => protocol ?? []))]
	if (names.length === 0) return []
	const each = names.map((name) => {
		const own = methods.filter(({ protocol }) => protocol === name).map(({ of, name: row }) => of ?? row)
		return `${name} (${own.join(', ')})`
	})
	return [`Tuning protocols: ${each.join('; ')}; the table of protocols shows what each run changed.`]
}

function untrainedNote(cells: readonly Cell[]): string[] {
	if (cells.every((cell) => untrained(cell) === undefined)) return []
	return [
		`"${notTrained}": no loss of the run fell by ${percentNumber(leastFall)} % from its first epoch to its last, or its parameters moved by less than ${percentNumber(leastMove)} % of their length. Its accuracy is in the table of protocols but is not a result of the method.`,
	]
}

function missingNote({ missing }: ExperimentResult): string[] {
	if (missing.length === 0) return []
	const each = missing.map(({ dataset, reason }) => `${dataset} (${withoutStop(reason)})`)
	return [`Skipped data sets: ${each.join('; ')}.`]
}

function problemNotes(result: ExperimentResult): string[] {
	const { problems } = result
	const listed = problems.slice(0, problemsInNote).map((problem) => `Not measured: ${problemText(result, problem)}.`)
	const more = problems.length - listed.length
	return more > 0 ? [...listed, `Another ${more} could not be measured; a separate table lists them.`] : listed
}

function problemText(result: ExperimentResult, problem: Problem): string {
	const { model, dataset, method, condition, point, seed, message } = problem
	const titleOf = (all: readonly { readonly name: string; readonly title: string }[], name: string | undefined) =>
		all.find((one) => one.name === name)?.title ?? name
	const where = [
		titleOf(result.methods, method),
		titleOf(result.conditions, condition),
		dataset,
		...(result.models.length > 1 ? [modelName(result, model)] : []),
		...(point === undefined ? [] : [`${result.axis?.title ?? 'point'} ${pointName(result, point)}`]),
		...(seed === undefined ? [] : [`seed ${seed}`]),
	]
	return `${where.filter((part) => part !== undefined).join(', ')}: ${withoutStop(message)}`
}

function withoutStop(sentence: string): string {
	return sentence.replace(/\.\s*$/, '').replaceAll(/\s*\n\s*/g, ' ')
}
