import { describe, expect, it } from 'vitest'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { loadPaperTargets } from '../../experiments/targets.js'
import type { Learning } from '../../records/experiment.js'
import { verdictOf } from '../html/sections/verdict.js'
import { trainedResult } from '../not-trained.js'
import { sampleResult } from '../result.test.support.js'
import { experimentTables } from './experiment-tables.js'
import { paperCheckTables } from './paper-check-tables.js'

const learned: Learning = { cleanLoss: [1.6, 0.8], adversarialLoss: [3, 2], moved: 0.4, trained: true }
const idle: Learning = { cleanLoss: [1.57, 1.47], moved: 0.003, trained: false }

/** NAP under two protocols, AdvPT under one that taught it nothing. */
function result(datasets: readonly string[] = ['a']): ExperimentResult {
	const methods = [
		{ name: 'vanilla', title: 'Vanilla' },
		{ name: 'advpt', title: 'AdvPT', protocol: 'paper-literal', of: 'advpt' },
		{ name: 'nap-equation-11', title: 'NAP (equation-11)', protocol: 'equation-11', of: 'nap' },
		{ name: 'nap-precursor', title: 'NAP (precursor)', protocol: 'precursor', of: 'nap' },
	]
	const made = sampleResult({ methods, datasets, targets: true })
	const cells = made.cells.map((cell) =>
		cell.method === 'vanilla'
			? cell
			: { ...cell, seeds: cell.seeds.map((seed) => ({ ...seed, learning: cell.method === 'advpt' ? idle : learned })) },
	)
	return { ...made, cells, definition: { methods: { advpt: { preset: 'paper' } } } }
}
const named = (own: ExperimentResult, name: string) => experimentTables(own).find((table) => table.name === name)!

describe('a run that hardly learned', () => {
	it('is marked where its number would stand, with what moved', () => {
		const table = named(result(), 'accuracy')
		const column = table.columns.findIndex(({ title }) => title === 'AdvPT')
		for (const { cells } of table.rows) {
			expect(cells[column]).toEqual({
				text: 'not trained',
				detail: 'clean loss 1.57 to 1.47 (−6.4 %), parameters by 0.3 %',
			})
		}
		expect(table.notes.join(' ')).toMatch(/"not trained": no loss of the run fell by 10.0 %/)
	})

	it('has no average, and no part in comparisons and verdicts', () => {
		const own = result(['a', 'b'])
		const rows = named(own, 'accuracy').rows.filter(({ cells }) => cells[0]!.text === 'AdvPT')
		expect(rows.map(({ cells }) => cells.at(-1)!.text)).toEqual(rows.map(() => 'not trained'))
		const trained = trainedResult(own)
		expect(trained.cells.some(({ method }) => method === 'advpt')).toBe(false)
		expect(trained.averages.some(({ method }) => method === 'advpt')).toBe(false)
		expect(verdictOf(trained).join(' ')).not.toContain('AdvPT')
		expect(named(own, 'paper').rows.some(({ cells }) => cells[0]!.text === 'AdvPT')).toBe(false)
	})

	it('keeps its number beside what moved in the table of protocols', () => {
		const own = result()
		const { rows, columns } = named(own, 'protocols')
		expect(rows.map(({ group, cells }) => [group, cells[0]!.text])).toEqual([
			['advpt', 'paper-literal'],
			['nap', 'equation-11'],
			['nap', 'precursor'],
		])
		const clean = own.cells.find(({ method, condition }) => method === 'advpt' && condition === 'clean')!
		expect(rows[0]!.cells[columns.findIndex(({ title }) => title === 'Clean')]!.value).toBe(clean.accuracy)
		expect(rows[0]!.cells[1]!.text).toBe('paper')
		expect(rows[0]!.cells.at(-1)!.text).toBe('not trained')
		expect(rows[1]!.cells.slice(-4).map(({ text }) => text)).toEqual([
			'1.60 to 0.80 (−50.0 %)',
			'3.00 to 2.00 (−33.3 %)',
			'40.0 %',
			'yes',
		])
	})

	it('is not looked for in results of methods without protocols', () => {
		const plain = sampleResult()
		expect(experimentTables(plain).some(({ name }) => name.startsWith('protocols'))).toBe(false)
		expect(trainedResult(plain)).toBe(plain)
	})
})

it('marks rows that were made on weak surrogates, and says on which', () => {
	const plain = sampleResult()
	const models = [{ name: 'r50.onnx', sha256: 'ab'.repeat(32), accuracy: 0.41, images: 200 }]
	const { model, dataset } = plain.cells[0]!
	const own = {
		...plain,
		surrogates: [{ model, dataset, condition: 'pgd', models, weakBelow: 0.6, weak: true }],
	}
	const table = named(own, 'accuracy')
	expect(table.rows.map(({ cells }) => cells[0]!.detail ?? '')).toEqual(['', 'weak surrogates', ''])
	expect(table.notes.join(' ')).toContain('PGD-100 on r50.onnx (41.0 % right), weak surrogates (below 60.0 %)')
	expect(
		named(own, 'surrogates')
			.rows[0]!.cells.map(({ text }) => text)
			.slice(0, 6),
	).toEqual(['r50.onnx', dataset, 'abababababab', '41.0 %', '200', 'weak'])
})

it("has the paper's own contradictions beside its numbers, and nothing for what it does not measure", async () => {
	const targets = await loadPaperTargets()
	expect(paperCheckTables(sampleResult(), targets)).toEqual([])
	const [table] = paperCheckTables(result(), targets)
	expect(table!.notes[0]).toMatch(/^41 of 70 averages .* 10 of 21 statements .* 4 cells/)
	expect(table!.rows).toHaveLength(41 + 10 + 4)
	const [text] = paperCheckTables({ ...result(), name: 'fig7-text' }, targets)
	expect(text!.rows.map(({ cells }) => cells[2]!.text)).toEqual(['55.9 to 58.1', '95.5 to 96.5', '85.2 to 86.7'])
})
