/** Accuracies under attack as a table. */

import { modelName } from '../../evaluation/robustness/record-name.js'
import type { evaluate } from '../../jobs/evaluate.js'
import type { JobResult } from '../../jobs/job.js'
import { duration, percent, percentInterval } from './format.js'
import { textTable } from './table.js'

/** The fields of an evaluation row that the table shows. */
export type AccuracyRow = Pick<
	JobResult<typeof evaluate>['rows'][number],
	'defense' | 'testTime' | 'knowledge' | 'attackerKnows' | 'attack' | 'clean' | 'robust' | 'seconds'
>

/** A model by its name and the test-time defense around it: `nap + ttc`. */
export function nameOf({ defense, testTime }: Pick<AccuracyRow, 'defense' | 'testTime'>): string {
	return modelName({ defense: { name: defense }, testTime: testTime === undefined ? undefined : { name: testTime } })
}

/**
 * Clean and robust accuracies with 95 % intervals, one line per row. Attacker knowledge and attack get a column if rows
 * differ in them.
 */
export function accuracyTable(rows: readonly AccuracyRow[]): string {
	const attacks = new Set(rows.map(({ attack }) => attack))
	const knows = rows.some(({ testTime }) => testTime) || new Set(rows.map(({ knowledge }) => knowledge)).size > 1
	const several = attacks.size > 1
	const columns = [
		{ heading: 'defense' },
		...(knows ? [{ heading: 'attacker knows' }] : []),
		...(several ? [{ heading: 'attack' }] : []),
		{ heading: 'clean accuracy [95 %]', align: 'right' },
		{ heading: `accuracy under ${several ? 'attack' : [...attacks].join()} [95 %]`, align: 'right' },
		{ heading: 'time', align: 'right' },
	] as const
	return textTable(
		columns,
		rows.map((row) => [
			nameOf(row),
			...(knows ? [row.attackerKnows] : []),
			...(several ? [row.attack] : []),
			`${percent(row.clean.accuracy)} ${percentInterval(row.clean.interval)}`,
			`${percent(row.robust.accuracy)} ${percentInterval(row.robust.interval)}`,
			duration(row.seconds),
		]),
	)
}
