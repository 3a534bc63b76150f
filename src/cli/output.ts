/** Output of a command: the result on stdout, everything else on stderr. */

import { plainJson, plainText } from '../core/plain-text.js'
import { coloured } from './colour.js'
import { exitCodes } from './exit-codes.js'
import { createProgress, type Progress, silentProgress } from './progress.js'
import { wrapped } from './wrapped.js'

/** The two streams of a command. */
export interface Output {
	/** Lines and progress for people, on stderr; silent with --quiet. */
	readonly progress: Progress
	/** Whether the result is JSON. */
	readonly json: boolean
	/**
	 * Prints the result on stdout, once per command.
	 * @param document Printed with --json. @param text Printed without it.
	 */
	result(document: unknown, text: string): void
}

/** Creates the output that the options select. */
export function createOutput({ json = false, quiet = false }: { json?: boolean; quiet?: boolean }): Output {
	return {
		json,
		progress: quiet ? silentProgress : createProgress(process.stderr),
		result: (document, text) => {
			const shown = json ? plainJson(JSON.stringify(document, null, 2)) : plainText(text, 'shown')
			process.stdout.write(`${json ? shown : coloured(wrapped(shown, process.stdout), process.stdout)}\n`)
		},
	}
}

/**
 * Handles closed pipes. If stdout closes (as with `| head`), the command ends as if SIGPIPE stopped it. If stderr closes,
 * the work continues silently.
 */
export function survivePipes(): void {
	process.stdout.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code === 'EPIPE') process.exit(141)
		process.stderr.write(`error: The result could not be written to stdout: ${error.message}.\n`)
		process.exit(exitCodes.failure)
	})
	process.stderr.on('error', () => {})
}
