/** Compares whether one attack is at least as strong as another on the same images. */

import type { AuditStatus, Measured } from '../../records/audit.js'
import { mcnemarTest } from '../../statistics/mcnemar.js'

/** How many more images an attack that should be stronger may leave right: half a point, as between two runs of one attack. */
const tolerance = 0.005

/** Two attacks on the same images. */
export interface AttackComparison {
	readonly status: Extract<AuditStatus, 'pass' | 'warn' | 'fail'>
	/** Accuracies over all images. */
	readonly stronger: number
	readonly weaker: number
	readonly measured: Measured
}

/**
 * Compares accuracies under an attack that should be stronger with those under another. It passes if the stronger attack
 * leaves at most half a point, or one image, more. Beyond that, it fails if an exact McNemar test at 5 % says that the
 * difference is no accident, and warns if there are too few images to tell.
 * @param stronger Per image, whether it is right under the attack that should be stronger. @param weaker The same under the
 * other attack.
 */
export function compareAttacks(stronger: readonly boolean[], weaker: readonly boolean[]): AttackComparison {
	const count = stronger.length
	const onlyStronger = stronger.filter((right, row) => right && !weaker[row]).length
	const onlyWeaker = weaker.filter((right, row) => right && !stronger[row]).length
	const excess = onlyStronger - onlyWeaker
	const p = mcnemarTest(onlyStronger, onlyWeaker)
	const passes = excess <= Math.max(1, tolerance * count)
	return {
		status: passes ? 'pass' : p < 0.05 ? 'fail' : 'warn',
		stronger: shareOf(stronger),
		weaker: shareOf(weaker),
		measured: {
			accuracyUnderStronger: shareOf(stronger),
			accuracyUnderWeaker: shareOf(weaker),
			brokenByWeakerOnly: onlyStronger,
			brokenByStrongerOnly: onlyWeaker,
			p,
		},
	}
}

/** Share of true entries. */
export function shareOf(right: readonly boolean[]): number {
	return right.filter(Boolean).length / right.length
}
