/** Pages of the documentation that are made of what the program knows: errors, checks of an audit, warnings, commands. */

import { errorCodes } from '../core/error-codes.js'
import { auditChecks } from '../evaluation/audit/registry.js'
import { tuningNoticeKinds } from '../methods/tuning/notices.js'
import { commandPage } from './command-page.js'

/** Something with a name of its own, which is also its heading. */
interface Entry {
	readonly name: string
	readonly means: string
	readonly advice: string
}

const made = '<!-- Written by npm run docs. -->'

/** Markdown pages by the names of their files in `docs/`. */
export async function docsPages(): Promise<ReadonlyMap<string, string>> {
	return new Map([
		['errors.md', page('Errors', errorsText, named(errorCodes))],
		[
			'audit.md',
			page(
				'The checks of an audit',
				auditText,
				auditChecks.map(({ id, meaning, advice }) => ({ name: id, means: meaning, advice })),
			),
		],
		['warnings.md', page('Warnings', warningsText, named(tuningNoticeKinds))],
		['command-line.md', await commandPage('Command line', made)],
	])
}

const errorsText = [
	'Every error that naptune gives has a code beside its message: `{ "error": { "code", "message", "exitCode" } }` with `--json`,',
	'`error.code` of a `NaptuneError` in a program. Messages are for people, and their wording may change; codes stay.',
]

const auditText = [
	'`naptune audit RUN` measures whether gradients, attacks and the control behave as they must where nothing hides the',
	'gradient. Every check has an id, a status and one line with its numbers: `pass`; `warn`, something to look at before the',
	'robustness is quoted; `fail`, the measured robustness cannot be trusted; `not-applicable`; `information`, a number that is',
	'neither good nor bad. What is expected of an honest model, and what to do where it is not so:',
]

const warningsText = [
	'What speaks against a result, in the entry `warnings` of what `naptune tune --json` prints, each with an id and a message',
	'that holds its numbers.',
]

function named(entries: Readonly<Record<string, Omit<Entry, 'name'>>>): Entry[] {
	return Object.entries(entries).map(([name, entry]) => ({ name, ...entry }))
}

function page(title: string, text: readonly string[], entries: readonly Entry[]): string {
	const sections = entries.flatMap(({ name, means, advice }) => [
		`## ${name}`,
		'',
		means,
		'',
		`*What to do:* ${advice}`,
		'',
	])
	return [`# ${title}`, '', made, '', ...text, '', ...sections].join('\n')
}
