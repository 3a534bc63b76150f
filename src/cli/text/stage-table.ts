/** What the stages of an attack left, as a table. */

import type { Passes } from '../../classifier/pass-counter.js'
import type { Accuracy, EvaluationResult } from '../../evaluation/robustness/evaluate.js'
import { duration, grouped, percent, percentInterval } from './format.js'
import { textTable } from './table.js'

/** A model whose stages are shown. */
export interface StagedRow extends Pick<EvaluationResult, 'clean' | 'stages'> {
	readonly name: string
	/** What the attacker knows, where rows differ in it. */
	readonly knows?: string
	readonly passes?: Passes | undefined
}

/**
 * A line per stage of every row, from the clean accuracy on: how many images it was tried on, and the accuracy that it
 * left over all images with its 95 % interval. Below, the passes that each row took. @param heading Of the rows' names.
 */
export function stageTable(rows: readonly StagedRow[], heading = 'defense'): string {
	const knows = rows.some((row) => row.knows !== undefined)
	const columns = [
		{ heading },
		...(knows ? [{ heading: 'attacker knows' }] : []),
		{ heading: 'stage' },
		{ heading: 'tried on', align: 'right' },
		{ heading: 'accuracy after it [95 %]', align: 'right' },
		{ heading: 'time', align: 'right' },
	] as const
	const share = ({ accuracy, interval }: Accuracy) => `${percent(accuracy)} ${percentInterval(interval)}`
	const lines = rows.flatMap((row) => {
		const head = [row.name, ...(knows ? [row.knows ?? ''] : [])]
		const blank = head.map(() => '')
		return [
			[...head, 'clean', '', share(row.clean), ''],
			...(row.stages ?? []).map(({ stage, attacked, robust, seconds }) => [
				...blank,
				stage,
				String(attacked),
				share(robust),
				duration(seconds),
			]),
		]
	})
	const passes = rows.flatMap(({ name, knows: known, passes: own }) =>
		own
			? [
					`${known === undefined ? name : `${name} (${known})`}: ${grouped(own.evaluations)} images passed forward, ${grouped(own.gradients)} forward and backward`,
				]
			: [],
	)
	return [textTable(columns, lines), ...passes].join('\n')
}
