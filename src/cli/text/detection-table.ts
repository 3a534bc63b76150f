/** How well correction scores detect attacks, as a table. */

import type { calibrate } from '../../jobs/calibrate.js'
import type { JobResult } from '../../jobs/job.js'
import type { Accuracy, Share } from '../../records/parts/accuracy.js'
import { percent, percentInterval } from './format.js'
import { textTable } from './table.js'

/** Clean images and every attack, one row per score, with 95 % intervals. */
export function detectionTable(result: NonNullable<JobResult<typeof calibrate>['detection']>): string {
	const columns = [
		{ heading: 'images' },
		{ heading: 'score' },
		{ heading: 'accuracy [95 %]', align: 'right' },
		{ heading: 'flagged [95 %]', align: 'right' },
		{ heading: 'AUROC', align: 'right' },
		{ heading: 'wrong, not flagged [95 %]', align: 'right' },
	] as const
	const cell = ({ share, interval }: Share) => `${percent(share)} ${percentInterval(interval)}`
	const accuracy = ({ accuracy: share, interval }: Accuracy) => cell({ share, interval })
	return textTable(columns, [
		...result.falsePositives.map((one) => ['clean', one.score, accuracy(result.cleanAccuracy), cell(one), '', '']),
		...result.attacks.flatMap((attack) =>
			attack.scores.map((one) => [
				`${attack.attack}, ${String(attack.objective)}`,
				one.score,
				accuracy(attack.accuracy),
				cell(one.detected),
				one.areaUnderRoc.toFixed(3),
				cell(one.wrongAndUndetected),
			]),
		),
	])
}
