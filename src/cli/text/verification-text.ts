/** The result of recomputing a record, for people. */

import { shown } from '../../core/shown.js'
import type { JobResult } from '../../jobs/job.js'
import type { verifyRecord } from '../../jobs/verify-record.js'
import { grouped } from './format.js'
import { textTable } from './table.js'

/** Rows to show; the JSON document has all. */
const mostRows = 20

/** The verdict, and the images that differ from the record. */
export function verificationText(result: JobResult<typeof verifyRecord>): string {
	const { record, images, of, differences, notices } = result
	const wrong = new Set(differences.map(({ id }) => id)).size
	const count = images === of ? `all ${grouped(of)} images` : `${grouped(images)} of ${grouped(of)} images`
	const notes = notices.map((notice) => `note: ${notice}`)
	if (wrong === 0)
		return [`As recorded: ${count} were recomputed, with the same outcomes.`, `  ${record}`, ...notes].join('\n')
	const rows = differences
		.slice(0, mostRows)
		.map(({ id, field, recorded, recomputed }) => [shown(id), field, shown(recorded), shown(recomputed)])
	return [
		`Not as recorded: ${count} were recomputed, ${grouped(wrong)} of them with a different outcome.`,
		`  ${record}`,
		...notes,
		'',
		textTable([{ heading: 'image' }, { heading: 'field' }, { heading: 'record' }, { heading: 'recomputed' }], rows),
		...(differences.length > mostRows ? [`and ${grouped(differences.length - mostRows)} more (--json has all)`] : []),
	].join('\n')
}
