/** What a command says: its result on stdout, everything else on stderr. */

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
	 * The result, once per command, on stdout.
	 * @param document Printed with --json. @param text Printed without.
	 */
	result(document: unknown, text: string): void
}

/** The output that the options ask for. */
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
 * Makes closed pipes harmless. Nobody reads stdout any more (as after `| head`): the command ends as one that SIGPIPE
 * stopped. Nobody reads stderr any more: the work goes on without telling.
 */
export function survivePipes(): void {
	process.stdout.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code === 'EPIPE') process.exit(141)
		process.stderr.write(`error: The result could not be written to stdout: ${error.message}.\n`)
		process.exit(exitCodes.failure)
	})
	process.stderr.on('error', () => {})
}
