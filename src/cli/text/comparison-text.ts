/** A comparison for people. */

import type { compare } from '../../jobs/compare.js'
import type { JobResult } from '../../jobs/job.js'
import { duration, epsilonText, grouped, percent, percentInterval } from './format.js'
import { textTable } from './table.js'

type Comparison = JobResult<typeof compare>

/** The table, its protocol, and where everything is stored. */
export function comparisonText(comparison: Comparison): string {
	const { images, attack, epsilon, experiment, seed, seconds, reference, output, methods } = comparison
	const compared = methods.filter(({ paired }) => paired !== null).length
	return [
		comparisonTable(comparison),
		'',
		`${images} test images, ${attack} at L-infinity epsilon ${epsilonText(epsilon)}, preset ${experiment.preset}, seed ${seed}, ${duration(seconds)} in this call.`,
		`p: exact McNemar test against ${reference} on the same images under attack, corrected by Holm's method over the ${compared} comparisons shown.`,
		`The runs, with per-image outcomes: ${output} (naptune report makes a page of them).`,
	].join('\n')
}

/** One row per method, with the best robust accuracy marked. */
export function comparisonTable({
	methods,
	attack,
	reference,
}: Pick<Comparison, 'methods' | 'attack' | 'reference'>): string {
	const best = Math.max(...methods.map(({ robust }) => robust.accuracy))
	const columns = [
		{ heading: 'defense' },
		{ heading: 'parameters', align: 'right' },
		{ heading: 'clean accuracy [95 %]', align: 'right' },
		{ heading: `accuracy under ${attack} [95 %]`, align: 'right' },
		{ heading: `p against ${reference}`, align: 'right' },
		{ heading: 'tuning', align: 'right' },
	] as const
	const rows = methods.map(({ defense, trainableParameters, clean, robust, paired, tuningSeconds }) => [
		defense,
		grouped(trainableParameters),
		`${percent(clean.accuracy)} ${percentInterval(clean.interval)}`,
		`${robust.accuracy === best ? '*' : ''}${percent(robust.accuracy)} ${percentInterval(robust.interval)}`,
		paired === null ? '' : probability(paired.correctedP),
		tuningSeconds === 0 ? '' : duration(tuningSeconds),
	])
	return textTable(columns, rows)
}

function probability(p: number): string {
	return p < 0.001 ? '< 0.001' : p.toFixed(3)
}
