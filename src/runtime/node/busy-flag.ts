/**
 * Ends the process safely in the middle of a run. The native library aborts the whole process, losing its exit code, if its
 * thread is terminated inside a call. So the exit waits for the running call, and no further call starts.
 */

const busy = 0
const stopping = 1

/** Longest wait of an exiting process for the call in flight, in milliseconds. */
const patience = 30_000

/** Shared memory between a worker and the thread that started it. */
export type BusyFlag = Int32Array<SharedArrayBuffer>

/** A flag for one worker. */
export function createBusyFlag(): BusyFlag {
	return new Int32Array(new SharedArrayBuffer(8))
}

/** In the worker: does the work unless the process is ending. */
export async function whileBusy(flag: BusyFlag, work: () => Promise<void>): Promise<void> {
	Atomics.store(flag, busy, 1)
	try {
		// Raise the flag before checking; `stopAndWait` does the opposite, so one of the two sees the other.
		if (Atomics.load(flag, stopping) === 0) await work()
	} finally {
		Atomics.store(flag, busy, 0)
		Atomics.notify(flag, busy)
	}
}

/**
 * Blocks until the worker is between two calls, and keeps it there.
 * @param wait Longest wait in milliseconds.
 * @returns Whether it is between two calls.
 */
export function stopAndWait(flag: BusyFlag, wait = patience): boolean {
	Atomics.store(flag, stopping, 1)
	return Atomics.wait(flag, busy, 1, wait) !== 'timed-out'
}

/** Workers that an exiting process must wait for; one listener serves them all. */
const watched = new Set<BusyFlag>()

function stopAll(): void {
	for (const flag of watched) stopAndWait(flag)
}

/**
 * Keeps every worker from further calls and waits a moment for those in flight.
 * @param wait Milliseconds for each.
 * @returns Whether none is left, so that the process can exit immediately without an abort.
 */
export function stopCalls(wait: number): boolean {
	return [...watched].map((flag) => stopAndWait(flag, wait)).every((idle) => idle)
}

/** Makes the process wait for this worker when it exits. @returns A function that undoes this once the worker has ended. */
export function watchExit(flag: BusyFlag): () => void {
	if (watched.size === 0) process.on('exit', stopAll)
	watched.add(flag)
	return () => {
		watched.delete(flag)
		if (watched.size === 0) process.off('exit', stopAll)
	}
}
