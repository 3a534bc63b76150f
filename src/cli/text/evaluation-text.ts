/** An evaluation for people. */

import { defined } from '../../core/defined.js'
import { protocolText } from '../../jobs/common/protocol-text.js'
import type { evaluate } from '../../jobs/evaluate.js'
import type { JobResult } from '../../jobs/job.js'
import { accuracyTable, nameOf } from './accuracy-table.js'
import { percent, percentInterval } from './format.js'
import { stageTable } from './stage-table.js'

type Evaluation = JobResult<typeof evaluate>

/** The table of accuracies, stages of attacks that have them, where outcomes are stored, and the conclusion last. */
export function evaluationText(result: Evaluation): string {
	const { rows, target, stores = [] } = result
	const levels = new Set(rows.flatMap(({ testTime, knowledge }) => (testTime ? [] : [knowledge])))
	const staged = rows.flatMap((row) =>
		row.stages
			? [
					{
						name: nameOf(row),
						clean: row.clean,
						stages: row.stages,
						...defined({ passes: row.passes, knows: levels.size > 1 ? row.attackerKnows : undefined }),
					},
				]
			: [],
	)
	const records = rows.flatMap(({ record, records = [] }) => (record === undefined ? records : [record]))
	return [
		accuracyTable(rows),
		'',
		...(target === undefined ? [] : [reachedLines(rows, target), '']),
		...(staged.length > 0 ? [stageTable(staged), ''] : []),
		`${protocolText(result)}; per-image outcomes:`,
		...new Set(records.map((path) => `  ${path}`)),
		...(stores.length > 0 ? ['adversarial images, for --images:', ...stores.map((path) => `  ${path}`)] : []),
		'',
		...result.verdict,
	].join('\n')
}

function reachedLines(rows: Evaluation['rows'], target: string): string {
	return rows
		.flatMap((row) =>
			row.reached
				? [
						`${nameOf(row)}: ${percent(row.reached.accuracy).trim()} ${percentInterval(row.reached.interval)} of the attacked images of other classes are classified as ${target}`,
					]
				: [],
		)
		.join('\n')
}
