/** The reading side of an isolated reader. */

import type { ErrorCode } from '../../core/error-codes.js'
import { NaptuneError } from '../../core/errors.js'

/** Messages from the process. */
export type Answer =
	| { readonly part: unknown }
	| { readonly done: true }
	| { readonly problem: string; readonly code: ErrorCode | undefined }

/**
 * Answers the requests that this process receives, one at a time, and ends with its parent.
 * @param handle Yields the parts of the response.
 */
export function answerRequests<Request, Part>(handle: (request: Request) => AsyncIterable<Part>): void {
	const send = (answer: Answer) =>
		new Promise<void>((resolve) => {
			// Each part is sent before the next one is made.
			process.send?.(answer, undefined, undefined, () => resolve())
		})
	process.on('message', async ({ request }: { readonly request: Request }) => {
		try {
			for await (const part of handle(request)) await send({ part })
			await send({ done: true })
		} catch (error) {
			const problem = error instanceof Error ? error.message : String(error)
			await send({ problem, code: error instanceof NaptuneError ? error.code : undefined })
		}
	})
	process.on('disconnect', () => process.exit())
	// Ctrl-C reaches all processes of a terminal; the parent decides when this one ends.
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
}
