/** What the stages of an attack left, as a table. */

import type { Accuracy, StageResult } from '../evaluation/evaluate.js'
import { duration, grouped, percent, percentInterval } from './format.js'
import { type AccuracyRow, attackerKnows, modelName } from './measure.js'
import { textTable } from './table.js'

/**
 * A line per stage of every row, from the clean accuracy on: how many images it was tried on, and the accuracy that it
 * left over all images with its 95 % interval. The last line of a row says how many passes it took.
 */
export function stageTable(rows: readonly AccuracyRow[]): string {
	const knows = new Set(rows.map(({ knowledge }) => knowledge)).size > 1
	const columns = [
		{ heading: 'defense' },
		...(knows ? [{ heading: 'attacker knows' }] : []),
		{ heading: 'stage' },
		{ heading: 'tried on', align: 'right' },
		{ heading: 'accuracy after it [95 %]', align: 'right' },
		{ heading: 'time', align: 'right' },
	] as const
	const share = ({ accuracy, interval }: Accuracy) => `${percent(accuracy)} ${percentInterval(interval)}`
	const lines = rows.flatMap((row) => {
		const head = [modelName(row), ...(knows ? [attackerKnows(row)] : [])]
		const blank = head.map(() => '')
		return [
			[...head, 'clean', '', share(row.clean), ''],
			...(row.stages ?? []).map(({ stage, attacked, robust, seconds }: StageResult) => [
				...blank,
				stage,
				String(attacked),
				share(robust),
				duration(seconds),
			]),
		]
	})
	const passes = rows.flatMap((row) =>
		row.passes
			? [
					`${modelName(row)}: ${grouped(row.passes.evaluations)} images passed forward, ${grouped(row.passes.gradients)} forward and backward`,
				]
			: [],
	)
	return [textTable(columns, lines), ...passes].join('\n')
}
