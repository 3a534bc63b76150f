/** Measures resident memory while an action runs. */

const millisecondsBetweenLooks = 5

/**
 * The highest resident memory of this process, worker threads and mapped files included, while an action runs. It samples
 * every 5 ms, which catches all but short peaks; the action must not block this thread.
 * @returns Bytes.
 */
export async function peakResidentBytes(action: () => Promise<void>): Promise<number> {
	let peak = process.memoryUsage.rss()
	const look = () => {
		peak = Math.max(peak, process.memoryUsage.rss())
	}
	const timer = setInterval(look, millisecondsBetweenLooks)
	try {
		await action()
		look()
		return peak
	} finally {
		clearInterval(timer)
	}
}
