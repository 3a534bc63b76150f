/** Reports the time of tuning and attacks. */

import { defined } from '../../core/defined.js'
import type { Cell, ExperimentResult, SeedResult } from '../../experiments/experiment-result.js'
import { duration } from '../number-text.js'
import { emptyCell, headerCell, isTuned } from './accuracy-cells.js'
import { modelName } from './places.js'
import type { ReportTable, TableCell, TableRow } from './table.js'

/** One table: per model and method the mean seconds of a tuning run and of an evaluation under each attack. */
export function costTable(result: ExperimentResult): ReportTable {
	const { models, methods, conditions, provenance } = result
	const attacks = conditions.filter(({ attack }) => attack !== undefined)
	const rows = models.flatMap((model) =>
		methods.flatMap(({ name, title }): TableRow[] => {
			const cells = result.cells.filter((cell) => cell.model === model && cell.method === name)
			if (cells.length === 0) return []
			const runs = onceEach(cells.filter(isTuned), ({ run }) => run)
			return [
				{
					...defined({ group: models.length > 1 ? modelName(result, model) : undefined }),
					cells: [
						headerCell(title),
						{ text: String(runs.length), value: runs.length },
						meanCell(runs.map(({ tuningSeconds }) => tuningSeconds)),
						...attacks.map(({ name: condition }) => {
							const own = cells.filter((cell) => cell.condition === condition)
							return meanCell(onceEach(own, ({ record }) => record).map(({ evaluationSeconds }) => evaluationSeconds))
						}),
					],
				},
			]
		}),
	)
	return {
		name: 'costs',
		title: `${result.title}: cost`,
		notes: [
			'Mean wall-clock time of one tuning run, and of one evaluation under each attack with the images of its cell; excludes images made once on other models.',
			`In total ${duration(provenance.seconds)} on ${provenance.device}, ${provenance.threads} threads, ${provenance.engine}.`,
		],
		columns: [
			{ title: 'method', align: 'left' },
			...['tuning runs', 'tuning', ...attacks.map(({ title }) => title)].map((title) => ({
				title,
				align: 'right' as const,
			})),
		],
		rows,
	}
}

/** Counts each run and record once, since cells may share them. */
function onceEach(cells: readonly Cell[], key: (seed: SeedResult) => string | undefined): SeedResult[] {
	const found = new Map(cells.flatMap(({ seeds }) => seeds).map((seed) => [key(seed), seed]))
	return [...found.values()]
}

function meanCell(seconds: readonly number[]): TableCell {
	if (seconds.length === 0) return emptyCell
	const mean = seconds.reduce((sum, value) => sum + value, 0) / seconds.length
	return { text: duration(mean), value: mean }
}
