/** An audit for people. */

import type { audit } from '../../jobs/audit.js'
import { protocolText } from '../../jobs/common/protocol-text.js'
import type { JobResult } from '../../jobs/job.js'
import { auditReport } from './audit-report.js'
import { duration } from './format.js'

/** The findings, under which protocol they were made, and where the record is. */
export function auditText(result: JobResult<typeof audit>): string {
	const { results, model, seconds, record } = result
	return [
		auditReport(results),
		'',
		`${model}, ${protocolText(result)}, ${duration(seconds)}; record:`,
		`  ${record}`,
	].join('\n')
}
