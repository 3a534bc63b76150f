/** The findings of an audit for people. */

import type { AuditResult, AuditStatus } from '../../records/audit.js'
import { textTable } from './table.js'

/** Words for each status. */
const words: Readonly<Record<AuditStatus, string>> = {
	pass: 'pass',
	warn: 'WARN',
	fail: 'FAIL',
	'not-applicable': '–',
	information: 'info',
}

/** A table of all findings and, below it, what each failed or warned finding means and what to do about it. */
export function auditReport(results: readonly AuditResult[]): string {
	const columns = [
		{ heading: 'check' },
		{ heading: 'result' },
		{ heading: 'images', align: 'right' },
		{ heading: 'finding' },
	] as const
	const rows = results.map(({ id, status, images, summary }) => [
		id,
		words[status],
		images > 0 ? String(images) : '',
		// An error that became a finding may have several lines.
		summary.replace(/\s*\n\s*/g, '; '),
	])
	const open = results.filter(({ status }) => status === 'warn' || status === 'fail')
	return [
		textTable(columns, rows),
		...open.flatMap(({ id, status, meaning, advice }) => [
			'',
			`${words[status]} ${id}`,
			`  Expected: ${meaning}`,
			`  What to do: ${advice}`,
			`  See docs/audit.md#${id}`,
		]),
		'',
		verdict(results),
	].join('\n')
}

/** Counts of checks by status, in words. */
export function verdict(results: readonly AuditResult[]): string {
	const count = (status: AuditStatus) => results.filter((result) => result.status === status).length
	const counts = `${count('pass')} passed, ${count('warn')} warned, ${count('fail')} failed, ${count('not-applicable')} not applicable`
	return count('fail') > 0
		? `${counts}: the measured robustness cannot be trusted.`
		: `${counts}: no sign that the attacks were blinded. This does not prove robustness.`
}
