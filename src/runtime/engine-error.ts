/** Translates errors of the execution library to terms of the graph. */

import { NaptuneError } from '../core/errors.js'

/** The origin of the first node of the graph that a message names; fused nodes carry a node's name within theirs. */
export function originIn(message: string, nodeOrigins: ReadonlyMap<string, string>): string | undefined {
	for (const word of message.split(/[^\w.-]+/)) {
		const origin = nodeOrigins.get(word)
		if (origin !== undefined) return origin || `node ${word}`
	}
	return undefined
}

/** An error of ours for an error of the library while it compiled or ran a program. */
export function engineError(
	doing: 'compile' | 'run',
	program: string,
	cause: Error,
	nodeOrigins: ReadonlyMap<string, string>,
): NaptuneError {
	const origin = originIn(cause.message, nodeOrigins)
	const where = origin ? ` in ${origin}` : ''
	return new NaptuneError(
		'NAP_ENGINE_FAILED',
		`The engine could not ${doing} program ${program}${where}: ${cause.message.trim()}`,
		{
			cause,
		},
	)
}
