/** A written report for people. */

import { dirname, join } from 'node:path'
import type { JobResult } from '../../jobs/job.js'
import type { report } from '../../jobs/report.js'

/** What the page says first, and where everything is. */
export function reportText({ verdict, report: page, figures, tables }: JobResult<typeof report>): string {
	const folder = dirname(page)
	return [
		...verdict,
		'',
		`The report is ${page}`,
		...(figures.length > 0 ? [`  ${figures.length} files of figures in ${join(folder, 'figures')}`] : []),
		...(tables.length > 0 ? [`  ${tables.length} files of tables in ${join(folder, 'tables')}`] : []),
	].join('\n')
}
