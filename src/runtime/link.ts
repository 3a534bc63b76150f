/** Sends requests to the host of the sessions, in this thread or another. */

import type { Answers, Request } from './protocol.js'

/** The calling side. Requests are answered one after the other, in their order. */
export interface HostLink {
	/**
	 * Sends one request and waits for its answer.
	 * @param transfer Buffers to transfer instead of copy.
	 * @throws NaptuneError when the host has ended, and {@link HostError} with its message when it answers with an error.
	 */
	ask<K extends Request['kind']>(
		request: Extract<Request, { kind: K }>,
		transfer?: readonly ArrayBuffer[],
	): Promise<Answers[K]>
	/** Asks the host to release something; an ended host already has. */
	letGo(request: Extract<Request, { kind: 'releaseProgram' | 'releaseTensor' }>): Promise<void>
	/** Asks the host to release everything and waits until it has ended, however it ends. */
	close(): Promise<void>
}

/** An error reported by the host, as opposed to the end of the host. */
export class HostError extends Error {}
