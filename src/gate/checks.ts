/** Checks of accuracies, which take images one after the other and know when nothing can change their decision any more. */

import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { GateCheck, Stopping } from '../records/gate.js'
import { counted, intervalText, percentText, pointsText, probabilityText } from '../report/number-text.js'
import { mcnemarTest } from '../statistics/mcnemar.js'
import { type Decision, ruleBehaviour, type StoppingRule, sequentialTest } from '../statistics/sequential.js'
import { wilsonInterval } from '../statistics/wilson.js'

/** A check under way. What comes after its decision does not reach it, so that it depends on no batch. */
export interface RunningCheck {
	readonly decision: Decision
	/** The next image of the sample. */
	take(right: boolean): void
	/** Where it stands; undecided without {@link decision}. */
	result(): GateCheck
}

/** What all checks of accuracies are told. */
export interface CheckInput {
	readonly id: string
	readonly title: string
	/** By image, in order: whether it can be right at all. Images that are wrong when clean are wrong under attack. */
	readonly possible: readonly boolean[]
	readonly stopping: Stopping
}

/** Up to this sample, error rates are worked out; the work grows with its square. */
const mostForErrors = 2000

/** Right images, of so many, from which on the lower end of the interval reaches a minimum. @throws NaptuneError where none do. */
export function neededRight(min: number, images: number): number {
	let low = 0
	let high = images + 1
	while (low < high) {
		const middle = (low + high) >> 1
		if (middle > images || wilsonInterval(middle, images)[0] >= min) high = middle
		else low = middle + 1
	}
	if (low <= images) return low
	throw new NaptuneError(
		'NAP_OPTION_INVALID',
		`No model can reach min ${min} on ${counted(images, 'image')}: even with all of them right, the lower end of the interval is ${wilsonInterval(images, images)[0].toFixed(3)}. Lower min, or use more images.`,
	)
}

/** The rule by which a check of a minimum stops, for a sample of which nothing else is known. */
export function minimumRule(min: number, images: number, stopping: Stopping): StoppingRule {
	const needed = neededRight(min, images)
	const early = earlyRule(min, stopping)
	return (right, seen) => {
		if (seen < images && stopping.rule === 'never') return undefined
		if (right >= needed) return 'pass'
		return right + images - seen < needed ? 'fail' : early(right, seen)
	}
}

function earlyRule(min: number, { rule, margin, falsePass, falseFail }: Stopping): StoppingRule {
	if (rule !== 'sprt' || min <= 0 || min + margin >= 1) return () => undefined
	return sequentialTest({ bad: min, good: min + margin, falsePass, falseFail })
}

/** Whether the lower end of the 95 % Wilson interval reaches a minimum. @throws NaptuneError where no model can reach it. */
export function minimumCheck({ id, title, possible, stopping }: CheckInput, min: number): RunningCheck {
	const images = possible.length
	const needed = neededRight(min, images)
	const early = earlyRule(min, stopping)
	let open = possible.filter(Boolean).length
	let seen = 0
	let right = 0
	let decision: Decision
	let decidedBy: GateCheck['decidedBy'] = 'nothing'
	const decide = () => {
		const certain = right >= needed ? 'pass' : right + open < needed ? 'fail' : undefined
		if (certain && (seen === images || stopping.rule !== 'never')) {
			decision = certain
			decidedBy = seen === images ? 'whole sample' : 'certainty'
			return
		}
		decision = seen > 0 ? early(right, seen) : undefined
		if (decision) decidedBy = 'sequential test'
	}
	decide()
	return {
		get decision() {
			return decision
		},
		take(isRight) {
			if (decision) return
			if (at(possible, seen)) open--
			seen++
			if (isRight) right++
			decide()
		},
		result() {
			const accuracy = seen === 0 ? undefined : { share: right / seen, interval: wilsonInterval(right, seen) }
			return {
				id,
				title,
				status: decision ?? 'undecided',
				summary: minimumText({ seen, right, images, min, decision, decidedBy }),
				images: seen,
				sample: images,
				decidedBy,
				...defined({ accuracy }),
				threshold: min,
				...defined({ errors: errorsOf(min, images, stopping) }),
			}
		},
	}
}

/** What the rule of a minimum costs; undefined where there is no model at the minimum plus the margin, or too many images. */
function errorsOf(min: number, images: number, stopping: Stopping): GateCheck['errors'] | undefined {
	const good = min + stopping.margin
	if (images > mostForErrors || min <= 0 || good >= 1) return undefined
	const rule = minimumRule(min, images, stopping)
	const [atMin, atGood] = [ruleBehaviour(rule, images, min), ruleBehaviour(rule, images, good)]
	return {
		falsePass: rounded(atMin.pass),
		falseFail: rounded(1 - atGood.pass),
		margin: stopping.margin,
		expectedImages: [Math.round(atMin.expected), Math.round(atGood.expected)],
	}
}

/** Six decimals: sums of many chances need not agree in more on processors of different types. */
function rounded(chance: number): number {
	return Math.max(0, Math.round(1e6 * chance) / 1e6)
}

function minimumText(found: {
	readonly seen: number
	readonly right: number
	readonly images: number
	readonly min: number
	readonly decision: Decision
	readonly decidedBy: GateCheck['decidedBy']
}): string {
	const { seen, right, images, min, decision, decidedBy } = found
	const wanted = `lower end of at least ${percentText(min)} wanted`
	if (seen === 0) {
		if (decision === undefined) return `no image decided; ${wanted}`
		return decision === 'pass'
			? `${wanted}, which every model reaches`
			: `too few images are right when clean for it; ${wanted}`
	}
	const [low, high] = wilsonInterval(right, seen)
	const numbers = `${right} of ${seen} right, ${percentText(right / seen)} ${intervalText([low, high])}; ${wanted}`
	if (decidedBy === 'whole sample') return numbers
	if (decidedBy === 'nothing') return `${numbers}; ${images - seen} images of the sample are not decided`
	const left = counted(images - seen, 'image')
	return decidedBy === 'certainty'
		? `${numbers}; the ${left} left cannot change it`
		: `${numbers}; a sequential test decided with ${left} left`
}

/** What a comparison with a baseline needs. */
export interface DropInput extends CheckInput {
	/** By image, in order: whether the baseline is right. */
	readonly baseline: readonly boolean[]
	readonly maxDrop: number
	readonly level: number
}

/**
 * Whether the accuracy did not fall behind a baseline: it fails where it fell by more than `maxDrop` and McNemar's exact
 * two-sided test has p <= `level`. Of two models that are equally good, so at most `level / 2` fail.
 */
export function dropCheck({ id, title, possible, stopping, baseline, maxDrop, level }: DropInput): RunningCheck {
	const images = possible.length
	const left = { lost: 0, loses: 0, gains: 0, nothing: 0 }
	for (const [image, can] of possible.entries()) left[kindOf(can, at(baseline, image))]++
	let seen = 0
	let onlyBaseline = 0
	let onlyNow = 0
	let decision: Decision
	let decidedBy: GateCheck['decidedBy'] = 'nothing'
	const fails = (before: number, now: number) => (before - now) / images > maxDrop && mcnemarTest(before, now) <= level
	const decide = () => {
		const worst = fails(onlyBaseline + left.lost + left.loses, onlyNow)
		const best = fails(onlyBaseline + left.lost, onlyNow + left.gains)
		if (worst !== best || (stopping.rule === 'never' && seen < images)) return
		decision = worst ? 'fail' : 'pass'
		decidedBy = seen === images ? 'whole sample' : 'certainty'
	}
	decide()
	return {
		get decision() {
			return decision
		},
		take(isRight) {
			if (decision) return
			const before = at(baseline, seen)
			left[kindOf(at(possible, seen), before)]--
			seen++
			if (before && !isRight) onlyBaseline++
			if (!before && isRight) onlyNow++
			decide()
		},
		result() {
			const p = mcnemarTest(onlyBaseline, onlyNow)
			const drop = seen === 0 ? 0 : (onlyBaseline - onlyNow) / seen
			return {
				id,
				title,
				status: decision ?? 'undecided',
				summary: `${pointsText(-100 * drop)} points against the baseline: ${onlyBaseline} images lost, ${onlyNow} gained of ${seen}, p ${probabilityText(p)}; a drop of at most ${percentText(maxDrop)} is allowed${decidedBy === 'certainty' ? `; the ${counted(images - seen, 'image')} left cannot change it` : ''}`,
				images: seen,
				sample: images,
				decidedBy,
				threshold: maxDrop,
				comparison: { onlyBaseline, onlyNow, drop, p, level },
			}
		},
	}
}

/** What an image that is to come can do: be lost for certain, be lost, be gained, or nothing. */
function kindOf(possible: boolean, baseline: boolean): 'lost' | 'loses' | 'gains' | 'nothing' {
	if (baseline) return possible ? 'loses' : 'lost'
	return possible ? 'gains' : 'nothing'
}
