/** The paper's numbers held against one another, and what its text says of curves beside ours. */

import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { failing, type PaperCheck, paperChecks } from '../../experiments/paper-checks.js'
import type { PaperRange, PaperTargets } from '../../experiments/targets.js'
import { percentNumber } from '../number-text.js'
import { emptyCell, headerCell } from './accuracy-cells.js'
import type { ReportTable, TableRow } from './table.js'

/** Tables for a report whose result stands beside the paper; none for any other. */
export function paperCheckTables(result: ExperimentResult, targets: PaperTargets): ReportTable[] {
	const beside = result.cells.some(({ target }) => target) || result.averages.some(({ target }) => target)
	if (!beside) return []
	return [...textTable(result, targets), checksTable(targets)]
}

/** Averages, statements and cells of the paper that its own numbers contradict. */
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
		title: "The paper's numbers held against one another",
		notes: [
			`${counted(averages)} averages of Tables I and II are not the mean of their cells, ${counted(claims)} statements of the text do not follow from the tables, and ${inversions.length} cells have more accuracy under AutoAttack than under PGD-100. Shown are those alone; where they are apart, the cells are what ours stand beside.`,
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

/** What the text says of the curves of this experiment; none where it says nothing of it. */
function textTable(result: ExperimentResult, { ranges }: PaperTargets): ReportTable[] {
	const own = ranges.filter(({ experiment }) => experiment === result.name)
	if (own.length === 0) return []
	return [
		{
			name: 'paper-text',
			title: `${result.title}: what the paper's text says`,
			notes: [
				'Accuracy in %, over all points that the statement is about; where it names no data set, ours is over all.',
			],
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
