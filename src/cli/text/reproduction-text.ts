/** Finished experiments, for people. */

import type { JobResult } from '../../jobs/job.js'
import type { reproduce } from '../../jobs/reproduce.js'
import { tableText } from '../../report/tables/text.js'
import { duration } from './format.js'

/** Every experiment's first table, its findings, and the location of its report. */
export function reproductionText({ experiments, seconds }: JobResult<typeof reproduce>): string {
	return [
		...experiments.flatMap(({ main, verdict, page }) => [
			...(main ? [tableText(main, process.stdout.columns ?? 120), ''] : []),
			...verdict,
			`The report is ${page}`,
			'',
		]),
		`${duration(seconds)} in this call.`,
	].join('\n')
}
