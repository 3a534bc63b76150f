/** A retrieval for people. */

import type { JobResult } from '../../jobs/job.js'
import { retrievalProtocol, type retrieve } from '../../jobs/retrieve.js'
import { recallTable } from './recall-table.js'

/** The table of recalls, what it covers, and where the ranks are stored. */
export function retrievalText(result: JobResult<typeof retrieve>): string {
	return [
		recallTable(result.rows),
		'',
		`${retrievalProtocol(result)}.`,
		...(result.level === 'class'
			? ['Class-level retrieval: every image of a class shares the captions of its class.']
			: []),
		'Brackets: 95 % Wilson intervals over images (image to text) or captions (text to image). Ranks:',
		...result.rows.map(({ record }) => `  ${record}`),
	].join('\n')
}
