/** Measures the recent speed of a task and when it will finish. */

import { at, last } from '../core/at.js'

/** Seconds of history that count. */
const memory = 30

/** Progress of one task over time. */
export interface RateMeter {
	/** @param done Units done so far. @param now A monotonic clock, in seconds. */
	record(done: number, now: number): void
	/** Units per second over the last half minute; undefined before the first progress. */
	rate(): number | undefined
	/** Seconds until `total` at that rate; undefined before the first progress. */
	remaining(total: number): number | undefined
}

/** A meter that starts at `done` units; units done earlier (in a resumed run) do not count as speed. */
export function rateMeter(done: number, now: number): RateMeter {
	const samples = [{ done, now }]
	const current = () => {
		const [first, final] = [at(samples, 0), last(samples)]
		const elapsed = final.now - first.now
		return elapsed > 0 && final.done > first.done ? (final.done - first.done) / elapsed : undefined
	}
	return {
		record(value, time) {
			samples.push({ done: value, now: time })
			// Keeps one sample older than the window, so that a slow task still has a rate.
			while (samples.length > 2 && time - at(samples, 1).now > memory) samples.shift()
		},
		rate: current,
		remaining(total) {
			const perSecond = current()
			return perSecond === undefined ? undefined : Math.max(0, total - last(samples).done) / perSecond
		},
	}
}
