/** A comparison as a table for a terminal. */

import type { Comparison } from '../evaluation/robustness/comparison.js'
import { duration, grouped, percent, percentInterval } from './format.js'
import { textTable } from './table.js'

/** One row per method; the best robust accuracy is marked. */
export function comparisonTable({ methods, attack, reference }: Comparison): string {
	const best = Math.max(...methods.map(({ robust }) => robust.accuracy))
	const columns = [
		{ heading: 'defense' },
		{ heading: 'parameters', align: 'right' },
		{ heading: 'clean accuracy [95 %]', align: 'right' },
		{ heading: `accuracy under ${attack.name} [95 %]`, align: 'right' },
		{ heading: `p against ${reference}`, align: 'right' },
		{ heading: 'tuning', align: 'right' },
	] as const
	const rows = methods.map(({ defense, trainableParameters, clean, robust, paired, tuningSeconds }) => [
		defense,
		grouped(trainableParameters),
		`${percent(clean.accuracy)} ${percentInterval(clean.interval)}`,
		`${robust.accuracy === best ? '*' : ''}${percent(robust.accuracy)} ${percentInterval(robust.interval)}`,
		paired === null ? '' : probability(paired.p),
		tuningSeconds === 0 ? '' : duration(tuningSeconds),
	])
	return textTable(columns, rows)
}

function probability(p: number): string {
	return p < 0.001 ? '< 0.001' : p.toFixed(3)
}
