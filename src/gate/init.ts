/** A configuration from what a model was measured to reach. */

import { wilsonInterval } from '../statistics/wilson.js'

/** What thresholds are given away, so that a model as good as this one, with other images right, still passes. */
export const usualSlack = 0.02

/** The minimum of an accuracy: the lower end of its interval less some slack, rounded down to a whole percent, at least 0. */
export function minimumFrom(right: number, images: number, slack = usualSlack): number {
	return Math.max(0, Math.floor(100 * (wilsonInterval(right, images)[0] - slack) + 1e-9) / 100)
}

/** Audit checks that a new gate demands, where the model passes them: those that find attacks which were blinded. */
export const usualAuditChecks = [
	'deterministic-forward',
	'zero-gradient',
	'gradient-predicts-loss',
	'monotone-steps',
	'random-noise',
	'legal-perturbations',
] as const
