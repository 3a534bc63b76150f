/**
 * Checks the paper's numbers (experiments/targets/nap-tuning.json) against each other: every printed average against the mean
 * of its cells, statements of the text against the tables, and AutoAttack against PGD-100. Exits with 1 if the data differ from
 * what was read off the paper. Build first.
 *
 *   node scripts/check-targets.mjs
 */

import { checksAt, failing, furthest, paperChecks } from '../dist/experiments/paper-checks.js'
import { loadPaperTargets } from '../dist/experiments/targets.js'

/** Counted by hand in arXiv 2506.12706, version 1. */
const known = { cells: 770, 'Table I': 30 }

const targets = await loadPaperTargets()
const { averages, claims, inversions } = paperChecks(targets)
const cells = targets.cells.filter(({ experiment }) => ['table1', 'table2'].includes(experiment)).length
const line = ({ place, what, stated, recomputed, agrees }) =>
	`  ${agrees ? 'same ' : 'OFF  '} ${place}: ${what}: ${stated}, recomputed ${recomputed.toFixed(2)}`

console.log(`${targets.source}\n${cells} cells of Tables I and II\n`)
for (const table of ['Table I', 'Table II']) {
	const own = checksAt(averages, table)
	const { count, of } = failing(own)
	const worst = furthest(own)
	console.log(`${table}: ${count} of ${of} averages are not the mean of their cells; furthest off ${worst.what}`)
	for (const check of own) console.log(line(check))
}
const text = failing(claims)
console.log(`\nThe text: ${text.count} of ${text.of} statements do not follow from the tables`)
for (const check of claims) console.log(line(check))
console.log(`\n${inversions.length} cells with more accuracy under AutoAttack than under PGD-100`)
for (const { place, what, stated, recomputed } of inversions) {
	console.log(`  ${place}: ${what}: ${stated} and ${recomputed}`)
}
const off = failing(checksAt(averages, 'Table I')).count
if (cells !== known.cells || off !== known['Table I']) {
	console.error(`Expected ${known.cells} cells and ${known['Table I']} averages off in Table I; the data were changed.`)
	process.exitCode = 1
}
