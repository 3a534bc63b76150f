/** Sequential tests over images, and the cost of their early stops. */

import { NaptuneError } from '../core/errors.js'

/** State of a test after some images: undecided, or its decision. */
export type Decision = 'pass' | 'fail' | undefined

/** Decides from the images seen so far. @param right Number of right images among them. @param seen At least 1. */
export type StoppingRule = (right: number, seen: number) => Decision

/** Hypotheses and error rates of a sequential test of a proportion. */
export interface SequentialTestOptions {
	/** The proportion of a model that should not pass, in (0, 1). */
	readonly bad: number
	/** The proportion of a model that should pass, above `bad` and below 1. */
	readonly good: number
	/** Bound on the chance that the test ever passes a model of `bad`. */
	readonly falsePass: number
	/** Bound on the chance that the test ever fails a model of `good`. */
	readonly falseFail: number
}

/**
 * The sequential probability ratio test of a proportion (Wald, 1945), with the bounds 1/falsePass and falseFail on the
 * likelihood ratio. The ratio is a martingale with mean 1 under `bad`, and its inverse under `good`, so by Ville's
 * inequality the stated rates are bounds, not approximations, however long the test runs; models below `bad` pass even more
 * rarely, and so do models above `good` fail.
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

/** Behaviour of a rule on models of one true proportion. */
export interface RuleBehaviour {
	/** Chance that the model passes. */
	readonly pass: number
	/** Mean number of images seen. */
	readonly expected: number
}

/**
 * Computes the behaviour of a rule exactly: it carries the probabilities of all counts of right images from image to image,
 * and removes those for which the rule decides. Quadratic in the number of images.
 * @param rule Must decide at `images` at the latest.
 * @param images Size of the whole sample.
 * @param proportion True proportion of right images, which are independent, in [0, 1].
 * @throws RangeError if the rule leaves the whole sample undecided.
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
