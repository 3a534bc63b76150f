/** What must not be left behind when the process ends, however it ends. */

const cleanups = new Set<() => void>()

/** All of them, each once; called when the process exits, and by who ends it without an exit. */
export function cleanUp(): void {
	for (const cleanup of cleanups) {
		cleanups.delete(cleanup)
		cleanup()
	}
}

/** @param cleanup Synchronous. @returns What takes it back, once there is nothing left to clean up. */
export function atExit(cleanup: () => void): () => void {
	if (cleanups.size === 0) process.once('exit', cleanUp)
	cleanups.add(cleanup)
	return () => {
		cleanups.delete(cleanup)
		if (cleanups.size === 0) process.off('exit', cleanUp)
	}
}
