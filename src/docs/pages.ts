/** Documentation pages generated from what the program knows: errors, audit checks, warnings, commands. */

import { errorCodes } from '../core/error-codes.js'
import { auditChecks } from '../evaluation/audit/registry.js'
import { tuningNoticeKinds } from '../methods/tuning/notices.js'
import { commandPage } from './command-page.js'

/** Something with its own name, which is also its heading. */
interface Entry {
	readonly name: string
	readonly means: string
	readonly advice: string
}

const made = '<!-- Written by npm run docs. -->'

/** Markdown pages by their file names in `docs/`. */
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
	'Every error of naptune has a code beside its message: `{ "error": { "code", "message", "exitCode" } }` with `--json`,',
	'`error.code` of a `NaptuneError` in a program. Messages are for people and may change; codes never do.',
]

const auditText = [
	'`naptune audit RUN` measures whether gradients, attacks and the control behave as they should when nothing hides the',
	'gradient. Every check has an id, a status and one line with its numbers: `pass`; `warn`, something to look at before you',
	'quote the robustness; `fail`, the measured robustness cannot be trusted; `not-applicable`; `information`, a number that is',
	'neither good nor bad. This page says what to expect of an honest model, and what to do otherwise:',
]

const warningsText = [
	'Findings that speak against a result, in the entry `warnings` of `naptune tune --json`, each with an id and a message',
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
