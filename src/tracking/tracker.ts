/** What a run tells of itself to programs that show runs side by side. */

/** How a run ended. */
export type TrackedStatus = 'finished' | 'failed' | 'stopped'

/**
 * Takes what a run tells. No call waits for anything or throws: where it cannot be kept, a warning says so once and the run
 * goes on.
 */
export interface Tracker {
	/** Settings of the run, nested as they are; told once. */
	params(settings: Readonly<Record<string, unknown>>): void
	/**
	 * Numbers by name, with `/` between parts, such as `accuracy/clean`. Those of a step that was told before, as by a run
	 * that was cut off and goes on, are left out.
	 * @param step Whole number of at least 0, growing.
	 */
	metrics(step: number, values: Readonly<Record<string, number>>): void
	/** A text in Markdown. @param name Such as `protocol`. */
	text(name: string, markdown: string): void
	/** Tells how it ended, and waits a little until everything is kept. Nothing may be told afterwards. */
	close(status: TrackedStatus): Promise<void>
}

/** What tells a run from others. */
export interface TrackedRun {
	/** What people see: words, `/` between parts. */
	readonly name: string
	/** The same for a run that goes on later, different for every other. */
	readonly identity: string
	/** Whether this may be the rest of a run that was told of before; otherwise it is a new one. */
	readonly goesOn: boolean
}

/** All of them as one; none for a run that nobody follows. */
export function combinedTracker(trackers: readonly Tracker[]): Tracker {
	return {
		params: (settings) => {
			for (const tracker of trackers) tracker.params(settings)
		},
		metrics: (step, values) => {
			for (const tracker of trackers) tracker.metrics(step, values)
		},
		text: (name, markdown) => {
			for (const tracker of trackers) tracker.text(name, markdown)
		},
		close: async (status) => {
			await Promise.all(trackers.map((tracker) => tracker.close(status)))
		},
	}
}
