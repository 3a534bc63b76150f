/** Tests that look at images one after the other, and what their early stops cost. */

import { NaptuneError } from '../core/errors.js'

/** What a test says after some images: nothing yet, or its decision. */
export type Decision = 'pass' | 'fail' | undefined

/** Whether images seen so far decide. @param right Of those seen. @param seen At least 1. */
export type StoppingRule = (right: number, seen: number) => Decision

/** Hypotheses and error rates of a sequential test of a proportion. */
export interface SequentialTestOptions {
	/** The proportion of a model that is not to pass, in (0, 1). */
	readonly bad: number
	/** The proportion of a model that is to pass, above `bad` and below 1. */
	readonly good: number
	/** Bound on the chance that the test ever passes a model of `bad`. */
	readonly falsePass: number
	/** Bound on the chance that the test ever fails a model of `good`. */
	readonly falseFail: number
}

/**
 * The sequential probability ratio test of a proportion (Wald, 1945), with the bounds 1/falsePass and falseFail on the
 * likelihood ratio. The ratio is a martingale with mean 1 under `bad`, and its inverse under `good`, so by Ville's inequality
 * the stated rates are bounds and no approximations, however long the test goes on; models below `bad` pass, and those above
 * `good` fail, more rarely still.
 * @throws NaptuneError unless 0 < bad < good < 1 and both rates are in (0, 1).
 */
export function sequentialTest({ bad, good, falsePass, falseFail }: SequentialTestOptions): StoppingRule {
	const rates = [falsePass, falseFail].every((rate) => rate > 0 && rate < 1)
	if (!(bad > 0 && good > bad && good < 1 && rates)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`A sequential test needs 0 < bad < good < 1 and error rates between 0 and 1, got ${bad}, ${good}, ${falsePass} and ${falseFail}.`,
		)
	}
	const forRight = Math.log(good / bad)
	const forWrong = Math.log((1 - good) / (1 - bad))
	const passes = -Math.log(falsePass)
	const fails = Math.log(falseFail)
	return (right, seen) => {
		const ratio = right * forRight + (seen - right) * forWrong
		if (ratio >= passes) return 'pass'
		return ratio <= fails ? 'fail' : undefined
	}
}

/** How a rule behaves on models of one true proportion. */
export interface RuleBehaviour {
	/** Chance that it passes. */
	readonly pass: number
	/** Images that it looks at on average. */
	readonly expected: number
}

/**
 * How a rule behaves, exactly: the chances of all numbers of right images are carried on from image to image, and leave where
 * the rule decides. Quadratic in the number of images.
 * @param rule Must decide at `images`, at the latest.
 * @param images The largest number that it looks at.
 * @param proportion The true one, of independent images, in [0, 1].
 * @throws RangeError where the rule leaves the whole sample undecided.
 */
export function ruleBehaviour(rule: StoppingRule, images: number, proportion: number): RuleBehaviour {
	let open = Float64Array.of(1)
	let pass = 0
	let expected = 0
	for (let seen = 1; seen <= images; seen++) {
		expected += open.reduce((sum, chance) => sum + chance, 0)
		const next = new Float64Array(seen + 1)
		for (const [right, chance] of open.entries()) {
			if (chance === 0) continue
			next[right] = (next[right] ?? 0) + chance * (1 - proportion)
			next[right + 1] = (next[right + 1] ?? 0) + chance * proportion
		}
		for (const [right, chance] of next.entries()) {
			if (chance === 0) continue
			const decision = rule(right, seen)
			if (decision === undefined) {
				if (seen === images) throw new RangeError(`The rule leaves ${right} right of all ${images} images undecided.`)
				continue
			}
			if (decision === 'pass') pass += chance
			next[right] = 0
		}
		open = next
	}
	return { pass: Math.min(1, pass), expected }
}
