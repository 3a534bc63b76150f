/** How fast something goes and when it will be done, from the recent past. */

/** Seconds of the past that count. */
const memory = 30

/** Progress of one task over time. */
export interface RateMeter {
	/** @param done Units done so far. @param now Seconds on a clock that only moves forward. */
	record(done: number, now: number): void
	/** Units per second over the last half minute; undefined before the first progress. */
	rate(): number | undefined
	/** Seconds until `total` at that rate; undefined before the first progress. */
	remaining(total: number): number | undefined
}

/** A meter that starts at `done` units; what was done before (in a resumed run) is not counted as speed. */
export function rateMeter(done: number, now: number): RateMeter {
	const samples = [{ done, now }]
	const current = () => {
		const [first, last] = [samples[0]!, samples.at(-1)!]
		const elapsed = last.now - first.now
		return elapsed > 0 && last.done > first.done ? (last.done - first.done) / elapsed : undefined
	}
	return {
		record(value, time) {
			samples.push({ done: value, now: time })
			// One sample older than the memory is kept, so that a slow task still has a rate.
			while (samples.length > 2 && time - samples[1]!.now > memory) samples.shift()
		},
		rate: current,
		remaining(total) {
			const perSecond = current()
			return perSecond === undefined ? undefined : Math.max(0, total - samples.at(-1)!.done) / perSecond
		},
	}
}
