/** A limit of wall-clock time, which is looked at before every pass through a model. */

import type { Classifier } from '../classifier/classifier.js'
import { decorate } from '../classifier/decorate.js'

/** Thrown where the time is over. */
export class OverBudget extends Error {
	override readonly name = 'OverBudget'
}

/** A limit of wall-clock time. */
export interface TimeBudget {
	/** Whether it is over. */
	over(): boolean
	/** @throws OverBudget once it is over. */
	check(): void
}

/** A budget that begins now. @param seconds Without end where undefined. @param now Milliseconds; a monotonic clock. */
export function timeBudget(seconds: number | undefined, now: () => number = () => performance.now()): TimeBudget {
	const end = seconds === undefined ? Number.POSITIVE_INFINITY : now() + 1000 * seconds
	const over = () => now() >= end
	return {
		over,
		check() {
			if (over()) throw new OverBudget('The time budget has run out.')
		},
	}
}

/** The classifier, whose passes begin only within the budget. */
export function withinBudget(classifier: Classifier, budget: TimeBudget): Classifier {
	return decorate(classifier, {
		async evaluate(inner, ...call) {
			budget.check()
			return inner.evaluate(...call)
		},
		async gradient(inner, ...call) {
			budget.check()
			return inner.gradient(...call)
		},
	})
}
