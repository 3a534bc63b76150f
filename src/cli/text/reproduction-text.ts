/** Experiments that were run, for people. */

import type { JobResult } from '../../jobs/job.js'
import type { reproduce } from '../../jobs/reproduce.js'
import { tableText } from '../../report/tables/text.js'
import { duration } from './format.js'

/** Every experiment's first table, what was found, and where its report is. */
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
