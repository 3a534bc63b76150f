/** What the committed comparisons of methods say. */

import { present } from '../../core/at.js'
import { correctedProbabilities } from '../../experiments/correction.js'
import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { grouped, pointsText, probabilityText } from '../../report/number-text.js'
import { accuracyTables } from '../../report/tables/accuracy-tables.js'
import { tableMarkdown } from '../../report/tables/markdown.js'
import { table } from '../markdown.js'
import type { Insert } from '../markers.js'
import { experimentAt } from '../records.js'
import { accuracyText, wholePoints } from './number-cells.js'

export const comparisonInserts: Readonly<Record<string, Insert>> = {
	'fair table': async () => comparisonTable(await experimentAt('fair')),
	'fair protocol': async () => protocol(await experimentAt('fair')),
	'fair reading': async () => reading(await experimentAt('fair')),
	'ablation table': async () => comparisonTable(await experimentAt('ablation')),
	'ablation protocol': async () => protocol(await experimentAt('ablation')),
	...Object.fromEntries(
		[
			'paper-options',
			'no-refiners',
			'no-text-refiners',
			'from-second-block',
			'torch-start',
			'token-gate',
			'kept-length',
			'ensemble-of-2',
		].map((method) => [`ablation ${method}`, async () => againstReference(await experimentAt('ablation'), method)]),
	),
	'table1 quick': async () => {
		const [first] = accuracyTables(await experimentAt('reproduce-quick/table1'))
		// Goes below a heading of the page itself.
		return tableMarkdown(present(first, 'table'))
			.replace(/^### .*\n\n/, '')
			.trimEnd()
	},
}

const attacked = 'pgd-100'

/** The method that the tests compare the others with. */
function referenceOf({ reference }: ExperimentResult): string {
	return present(reference, 'reference')
}

function cellOf({ cells }: ExperimentResult, method: string, condition: string): Cell {
	return present(
		cells.find((cell) => cell.method === method && cell.condition === condition),
		`cell of ${method} under ${condition}`,
	)
}

/** Rows as in `naptune compare`, without the time, which other work distorted. */
function comparisonTable(result: ExperimentResult): string {
	const corrected = correctedProbabilities(result)
	const rows = result.methods.map(({ name, title }) => ({
		name,
		title,
		clean: cellOf(result, name, 'clean'),
		robust: cellOf(result, name, attacked),
	}))
	const best = Math.max(...rows.map(({ robust }) => robust.accuracy))
	return table(
		[
			'method',
			{ heading: 'parameters', align: 'right' },
			{ heading: 'clean accuracy [95 %]', align: 'right' },
			{ heading: 'under PGD-100 [95 %]', align: 'right' },
			{ heading: `p against ${result.reference}`, align: 'right' },
		],
		rows.map(({ name, clean, robust }) => [
			`\`${name}\``,
			grouped(robust.trainableParameters ?? 0),
			accuracyText(clean),
			robust.accuracy === best ? `**${accuracyText(robust)}**` : accuracyText(robust),
			corrected.has(robust) ? probabilityText(present(corrected.get(robust), 'p-value')) : '',
		]),
	)
}

function protocol(result: ExperimentResult): string {
	const { images } = cellOf(result, referenceOf(result), attacked)
	const compared = result.methods.length - 1
	return `${images} test images, PGD-100, L-infinity, epsilon ${result.definition.epsilon}, seed ${result.seeds.join()}; brackets are 95 % Wilson intervals. p: exact McNemar test against \`${result.reference}\` on the same images under attack, corrected by Holm's method over ${compared} comparisons.`
}

function reading(result: ExperimentResult): string {
	const vanilla = { clean: cellOf(result, 'vanilla', 'clean'), robust: cellOf(result, 'vanilla', attacked) }
	const gain = (name: string) => cellOf(result, name, attacked).accuracy - vanilla.robust.accuracy
	const cost = (name: string) => vanilla.clean.accuracy - cellOf(result, name, 'clean').accuracy
	const range = (values: readonly number[]) =>
		`${wholePoints(Math.min(...values))} to ${wholePoints(Math.max(...values))}`
	const prompts = ['advpt-v', 'advpt-vli', 'advpt-vlj', 'fap']
	return `Prompts alone, in one tower or both, gain ${range(prompts.map(gain))} points under attack and cost ${range(prompts.map(cost))} points of clean accuracy. NAP gains ${wholePoints(gain('nap'))} points and costs ${wholePoints(cost('nap'))}. Clean tuning (\`coop\`) and tuning against stored embeddings (\`advpt\`) stay near vanilla CLIP.`
}

/** A variant beside the reference: its accuracy under attack, the difference, and the p-value of that difference. */
function againstReference(result: ExperimentResult, method: string): string {
	const own = cellOf(result, method, attacked)
	const reference = cellOf(result, referenceOf(result), attacked)
	const p = present(correctedProbabilities(result).get(own), 'p-value')
	const probability = p < 0.001 ? 'p < 0.001' : `p = ${probabilityText(p)}`
	return `${pointsText(100 * (own.accuracy - reference.accuracy))} points, ${probability}`
}
