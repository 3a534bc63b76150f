/** Sends the data of a run to programs that show runs side by side. */

/** How a run ended. */
export type TrackedStatus = 'finished' | 'failed' | 'stopped'

/**
 * Receives the data of a run. No call waits or throws; if storing fails, one warning says so and the run continues.
 */
export interface Tracker {
	/** Sends the settings of the run, nested; call it once. */
	params(settings: Readonly<Record<string, unknown>>): void
	/**
	 * Sends numbers by name, with `/` between parts, such as `accuracy/clean`. Skips steps already sent, for example by a run
	 * that was stopped and resumed.
	 * @param step Whole number of at least 0, growing.
	 */
	metrics(step: number, values: Readonly<Record<string, number>>): void
	/** Sends a text in Markdown. @param name Such as `protocol`. */
	text(name: string, markdown: string): void
	/** Sends the final status, and waits briefly until everything is stored. Send nothing afterwards. */
	close(status: TrackedStatus): Promise<void>
}

/** The identity of a run. */
export interface TrackedRun {
	/** Name for people, with `/` between parts. */
	readonly name: string
	/** Identical for a resumed run, different for every other run. */
	readonly identity: string
	/** Whether this may continue an earlier run; otherwise it is a new one. */
	readonly goesOn: boolean
}

/** Combines trackers into one; an empty list tracks nothing. */
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
