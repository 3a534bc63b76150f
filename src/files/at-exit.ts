/** Cleans up when the process ends, however it ends. */

const cleanups = new Set<() => void>()

/** Runs every cleanup once; called when the process exits, and by code that ends it without an exit. */
export function cleanUp(): void {
	for (const cleanup of cleanups) {
		cleanups.delete(cleanup)
		cleanup()
	}
}

/** @param cleanup Synchronous. @returns A function that cancels the cleanup, once it is no longer needed. */
export function atExit(cleanup: () => void): () => void {
	if (cleanups.size === 0) process.once('exit', cleanUp)
	cleanups.add(cleanup)
	return () => {
		cleanups.delete(cleanup)
		if (cleanups.size === 0) process.off('exit', cleanUp)
	}
}
