/** What remains after each stage of an attack, as a table. */

import type { Passes } from '../../classifier/pass-counter.js'
import type { Accuracy, EvaluationResult } from '../../evaluation/robustness/evaluate.js'
import { duration, grouped, percent, percentInterval } from './format.js'
import { textTable } from './table.js'

/** A model whose stages are shown. */
export interface StagedRow extends Pick<EvaluationResult, 'clean' | 'stages'> {
	readonly name: string
	/** Attacker knowledge, if rows differ in it. */
	readonly knows?: string
	readonly passes?: Passes | undefined
}

/**
 * One line per stage of every row, starting with the clean accuracy: how many images the stage attacked, and the accuracy
 * that remained over all images, with its 95 % interval. Below, the passes of each row. @param heading Heading above the
 * rows' names.
 */
export function stageTable(rows: readonly StagedRow[], heading = 'defense'): string {
	const knows = rows.some((row) => row.knows !== undefined)
	const columns = [
		{ heading },
		...(knows ? [{ heading: 'attacker knows' }] : []),
		{ heading: 'stage' },
		{ heading: 'images attacked', align: 'right' },
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
