/** A written report, for people. */

import { dirname, join } from 'node:path'
import { counted } from '../../core/counted.js'
import type { JobResult } from '../../jobs/job.js'
import type { report } from '../../jobs/report.js'

/** The page's first sentence, and where everything is stored. */
export function reportText({ verdict, report: page, figures, tables }: JobResult<typeof report>): string {
	const folder = dirname(page)
	return [
		...verdict,
		'',
		`The report is ${page}`,
		...(figures.length > 0 ? [`  ${counted(figures.length, 'file')} of figures in ${join(folder, 'figures')}`] : []),
		...(tables.length > 0 ? [`  ${counted(tables.length, 'file')} of tables in ${join(folder, 'tables')}`] : []),
	].join('\n')
}
