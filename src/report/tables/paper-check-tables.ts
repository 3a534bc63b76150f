/** Checks the paper's numbers against each other, and its statements about curves against ours. */

import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { failing, type PaperCheck, paperChecks } from '../../experiments/paper-checks.js'
import type { PaperRange, PaperTargets } from '../../experiments/targets.js'
import { percentNumber } from '../number-text.js'
import { emptyCell, headerCell } from './accuracy-cells.js'
import type { ReportTable, TableRow } from './table.js'

/** Tables for a report that compares its result with the paper; none for any other. */
export function paperCheckTables(result: ExperimentResult, targets: PaperTargets): ReportTable[] {
	const beside = result.cells.some(({ target }) => target) || result.averages.some(({ target }) => target)
	if (!beside) return []
	return [...textTable(result, targets), checksTable(targets)]
}

/** Averages, statements and cells of the paper that contradict its own numbers. */
function checksTable(targets: PaperTargets): ReportTable {
	const { averages, claims, inversions } = paperChecks(targets)
	const rows = (group: string, checks: readonly PaperCheck[]) =>
		checks.flatMap(({ place, what, stated, recomputed, agrees }): TableRow[] =>
			agrees
				? []
				: [
						{
							group,
							cells: [
								headerCell(what),
								{ text: place },
								{ text: stated.toFixed(1) },
								{ text: recomputed.toFixed(2) },
								{ text: (stated - recomputed).toFixed(2) },
							],
						},
					],
		)
	const counted = (checks: readonly PaperCheck[]) => `${failing(checks).count} of ${checks.length}`
	return {
		name: 'paper-checks',
		title: "Contradictions between the paper's numbers",
		notes: [
			`${counted(averages)} averages of Tables I and II are not the mean of their cells, ${counted(claims)} statements of the text do not follow from the tables, and ${inversions.length} cells have more accuracy under AutoAttack than under PGD-100. The table shows only these; where they disagree, we compare ours with the cells.`,
			...targets.notes,
		],
		columns: [
			{ title: 'what', align: 'left' },
			{ title: 'where', align: 'left' },
			...['stated', 'recomputed', 'off'].map((title) => ({ title, align: 'right' as const })),
		],
		rows: [
			...rows('averages that are not the mean of their cells', averages),
			...rows('statements of the text', claims),
			...rows('AutoAttack above PGD-100', inversions),
		],
	}
}

/** The text's statements about this experiment's curves; no table if there are none. */
function textTable(result: ExperimentResult, { ranges }: PaperTargets): ReportTable[] {
	const own = ranges.filter(({ experiment }) => experiment === result.name)
	if (own.length === 0) return []
	return [
		{
			name: 'paper-text',
			title: `${result.title}: statements of the paper`,
			notes: ['Accuracy in %, over all points of the statement; if it names no data set, ours is over all.'],
			columns: [
				{ title: 'what', align: 'left' },
				{ title: 'where', align: 'left' },
				...['paper', 'ours'].map((title) => ({ title, align: 'right' as const })),
			],
			rows: own.map((range) => ({
				cells: [
					headerCell(range.what, range.dataset),
					{ text: range.place },
					{ text: boundsText(range.low, range.high) },
					oursText(result, range),
				],
			})),
		},
	]
}

function oursText({ cells }: ExperimentResult, { method, condition, dataset, points }: PaperRange) {
	const [first, final] = points ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
	const found = cells.flatMap((cell) =>
		cell.method === method &&
		cell.condition === condition &&
		(dataset === undefined || [dataset, `${dataset}-1000`].includes(cell.dataset)) &&
		cell.point !== undefined &&
		cell.point >= first &&
		cell.point <= final
			? [cell.accuracy]
			: [],
	)
	if (found.length === 0) return emptyCell
	return { text: boundsText(...([Math.min(...found), Math.max(...found)].map(percentNumber) as [string, string])) }
}

function boundsText(low: number | string, high: number | string): string {
	return low === high ? String(low) : `${low} to ${high}`
}
