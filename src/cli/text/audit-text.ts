/** An audit for people. */

import type { audit } from '../../jobs/audit.js'
import { protocolText } from '../../jobs/common/protocol-text.js'
import type { JobResult } from '../../jobs/job.js'
import { auditReport } from './audit-report.js'
import { duration } from './format.js'

/** The findings, their protocol, and the location of the record. */
export function auditText(result: JobResult<typeof audit>): string {
	const { results, model, seconds, record } = result
	return [
		auditReport(results),
		'',
		`${model}, ${protocolText(result)}, ${duration(seconds)}; record:`,
		`  ${record}`,
	].join('\n')
}
