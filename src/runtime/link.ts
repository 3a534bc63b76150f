/** Requests to what holds the sessions, in this thread or in another one. */

import type { Answers, Request } from './protocol.js'

/** The calling side. Requests are answered one after the other, in their order. */
export interface HostLink {
	/**
	 * Sends one request and waits for its answer.
	 * @param transfer Buffers that may be handed over instead of copied.
	 * @throws NaptuneError when the host has ended, and {@link HostError} with its message when it answers with an error.
	 */
	ask<K extends Request['kind']>(
		request: Extract<Request, { kind: K }>,
		transfer?: readonly ArrayBuffer[],
	): Promise<Answers[K]>
	/** Asks the host to let something go; a host that has ended already has. */
	letGo(request: Extract<Request, { kind: 'releaseProgram' | 'releaseTensor' }>): Promise<void>
	/** Asks the host to release everything and waits until it has ended, however it ends. */
	close(): Promise<void>
}

/** An error that the host reported, as opposed to a host that is gone. */
export class HostError extends Error {}
