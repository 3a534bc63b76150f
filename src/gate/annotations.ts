/** A verdict as workflow commands of GitHub Actions, which show at the change that a workflow runs on. */

import { plainText } from '../core/plain-text.js'
import type { GateVerdict } from '../records/gate.js'
import { verdictSentence } from './texts.js'

/**
 * Lines that Actions read: an error per failed check, a warning per undecided one and per note, and a notice of the verdict.
 * @param file The configuration, relative to the repository, which they are shown at.
 */
export function gateAnnotations(found: GateVerdict, file: string): string[] {
	const { checks, verdict, notices } = found
	const command = (level: 'error' | 'warning' | 'notice', title: string, text: string) =>
		`::${level} file=${property(file)},title=${property(title)}::${message(text)}`
	return [
		...checks.flatMap(({ id, title, status, summary }) =>
			status === 'pass'
				? []
				: [command(status === 'fail' ? 'error' : 'warning', `naptune gate: ${id}`, `${title}: ${summary}`)],
		),
		...notices.map((text) => command('warning', 'naptune gate', text)),
		command(
			verdict === 'pass' ? 'notice' : verdict === 'fail' ? 'error' : 'warning',
			`naptune gate: ${verdict}`,
			verdictSentence(found),
		),
	]
}

/** What may end a message is escaped as Actions do. */
function message(text: string): string {
	return plainText(text, 'shown').replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
	return message(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
