/** The result of the demo for people. */

import type { demo } from '../../jobs/demo.js'
import type { JobResult } from '../../jobs/job.js'
import { accuracyTable } from './accuracy-table.js'
import { counted, duration, epsilonText } from './format.js'

/** The table, its protocol, and where everything is stored. */
export function demoText({ rows, images, epsilon, seed, seconds, output }: JobResult<typeof demo>): string {
	return [
		'',
		accuracyTable(rows.map((row) => ({ ...row, knowledge: 'full', attackerKnows: 'everything' }))),
		'',
		`${counted(images, 'test image')}, L-infinity epsilon ${epsilonText(epsilon)}, seed ${seed}, ${duration(seconds)} in all.`,
		`The run, with per-image outcomes: ${output}`,
	].join('\n')
}
