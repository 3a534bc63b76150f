/** The side of an isolated reader that reads. */

import type { ErrorCode } from '../../core/error-codes.js'
import { NaptuneError } from '../../core/errors.js'

/** What the process sends. */
export type Answer =
	| { readonly part: unknown }
	| { readonly done: true }
	| { readonly problem: string; readonly code: ErrorCode | undefined }

/**
 * Answers the requests that this process gets, one after another, and ends with whoever sends them.
 * @param handle Yields the parts of the answer.
 */
export function answerRequests<Request, Part>(handle: (request: Request) => AsyncIterable<Part>): void {
	const send = (answer: Answer) =>
		new Promise<void>((resolve) => {
			// Each part has left before the next one is made.
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
	// Ctrl-C reaches all processes of a terminal; the one that asks decides when this one ends.
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
}
