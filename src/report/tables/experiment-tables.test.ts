import { describe, expect, it } from 'vitest'
import { holmAdjusted } from '../../statistics/holm.js'
import { sampleConditions, sampleCurve, sampleMethods, sampleResult } from '../result.test.support.js'
import { experimentTables } from './experiment-tables.js'
import type { ReportTable } from './table.js'

const table = (tables: readonly ReportTable[], name: string) => tables.find((one) => one.name === name)!
const texts = ({ rows }: ReportTable) => rows.map(({ cells }) => cells.map(({ text }) => text))
const percent = (share: number) => (100 * share).toFixed(1)

describe('experimentTables', () => {
	it('has a cell per column in every table of every layout', () => {
		for (const layout of ['table', 'curve', 'matrix'] as const) {
			for (const datasets of [['a'], ['a', 'b']]) {
				for (const models of [['nano'], ['x/ViT-B-16', 'y/ViT-B-16']]) {
					const tables = experimentTables(sampleResult({ layout, datasets, models, targets: true, seeds: [1, 2] }))
					expect(new Set(tables.map(({ name }) => name)).size).toBe(tables.length)
					for (const { name, columns, rows, notes } of tables) {
						expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
						expect(rows.length).toBeGreaterThan(0)
						expect(notes.length).toBeGreaterThan(0)
						for (const { cells } of rows) expect(cells).toHaveLength(columns.length)
					}
				}
			}
		}
	})

	it('has a row per condition and a column per method on one data set', () => {
		const result = sampleResult({ reference: null })
		const main = table(experimentTables(result), 'accuracy')
		expect(main.columns.map(({ title }) => title)).toEqual(['condition', ...sampleMethods.map(({ title }) => title)])
		expect(texts(main)).toEqual(
			sampleConditions.map(({ name, title }) => [
				title,
				...sampleMethods.map((method) =>
					percent(result.cells.find((cell) => cell.method === method.name && cell.condition === name)!.accuracy),
				),
			]),
		)
	})

	it('has a row per method, a column per data set and their mean on several', () => {
		const datasets = ['a', 'b', 'c']
		const result = sampleResult({ datasets, reference: null })
		const main = table(experimentTables(result), 'accuracy')
		expect(main.columns.map(({ title }) => title)).toEqual(['method', ...datasets, 'average'])
		expect(main.rows.map(({ group }) => group)).toEqual(
			sampleConditions.flatMap(({ title }) => sampleMethods.map(() => title)),
		)
		for (const { cells } of main.rows) {
			const values = cells.slice(1, 4).map(({ value }) => value!)
			expect(cells[4]!.value).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 3, 12)
		}
	})

	it('marks the best and the second of every column under a condition', () => {
		const main = table(experimentTables(sampleResult({ datasets: ['a', 'b'], reference: null })), 'accuracy')
		for (const group of sampleConditions.map(({ title }) => title)) {
			const rows = main.rows.filter((row) => row.group === group)
			for (const at of [1, 2, 3]) {
				const shown = rows.map(({ cells }) => Number(cells[at]!.text))
				const best = Math.max(...shown)
				expect(rows.map(({ cells }) => cells[at]!.best ?? false)).toEqual(shown.map((value) => value === best))
				const second = Math.max(...shown.filter((value) => value < best))
				expect(rows.map(({ cells }) => cells[at]!.second ?? false)).toEqual(shown.map((value) => value === second))
			}
		}
	})

	it('says n, intervals, seeds and deviations', () => {
		const result = sampleResult({ seeds: [3, 5] })
		const { notes, rows } = table(experimentTables(result), 'accuracy')
		const text = notes.join(' ')
		expect(text).toContain('n = 200 test images per number')
		expect(text).toContain('95 % Wilson intervals')
		expect(text).toContain('2 tuning seeds (3, 5)')
		const { deviation, interval } = result.cells.find(({ method }) => method === 'nap')!
		expect(rows[0]!.cells.at(-1)!.detail).toBe(
			`± ${percent(deviation!)}, [${percent(interval[0])}, ${percent(interval[1])}]`,
		)
		expect(table(experimentTables(sampleResult()), 'accuracy').notes.join(' ')).toContain('One tuning seed (1)')
	})

	it('says n in the cells where it differs', () => {
		const result = sampleResult()
		const [first, ...others] = result.cells
		const { notes, rows } = experimentTables({ ...result, cells: [{ ...first!, images: 50 }, ...others] })[0]!
		expect(rows[0]!.cells[1]!.detail).toContain('n = 50')
		expect(rows[0]!.cells[2]!.detail).toContain('n = 200')
		expect(notes.join(' ')).toContain('n = 50 to 200 test images')
		// Said once where a whole row has it.
		const fewer = result.cells.map((cell) => (cell.condition === 'clean' ? { ...cell, images: 50 } : cell))
		const [clean] = experimentTables({ ...result, cells: fewer })[0]!.rows
		expect(clean!.cells[0]!.detail).toBe('n = 50')
		expect(clean!.cells[1]!.detail).not.toContain('n =')
	})

	it('puts a dagger exactly where the corrected test does not tell the reference apart', () => {
		const result = sampleResult({ datasets: ['a', 'b'], images: 60 })
		const main = table(experimentTables(result), 'accuracy')
		const expected = new Map<string, boolean>()
		for (const { name, title } of sampleConditions) {
			const family = result.cells.filter(({ condition, paired }) => condition === name && paired)
			const adjusted = holmAdjusted(family.map(({ paired }) => paired!.p))
			for (const [index, { method, dataset }] of family.entries()) {
				const { title: methodTitle } = sampleMethods.find((one) => one.name === method)!
				expected.set(`${title} ${methodTitle} ${dataset}`, adjusted[index]! >= 0.05)
			}
		}
		const found = main.rows.flatMap(({ group, cells }) =>
			['a', 'b'].map(
				(dataset, at) => [`${group} ${cells[0]!.text} ${dataset}`, cells[at + 1]!.text.endsWith('†')] as const,
			),
		)
		for (const [key, marked] of found) expect([key, marked]).toEqual([key, expected.get(key) ?? false])
		expect(new Set(expected.values())).toEqual(new Set([true, false]))
		expect(main.notes.some((note) => note.startsWith('†'))).toBe(true)
		expect(experimentTables(sampleResult({ reference: null }))[0]!.notes.some((note) => note.startsWith('†'))).toBe(
			false,
		)
	})

	it('pairs every method with the reference', () => {
		const result = sampleResult()
		const { rows } = table(experimentTables(result), 'paired')
		expect(rows).toHaveLength(9)
		const nap = result.cells.find(({ method, condition }) => method === 'nap' && condition === 'pgd')!.paired!
		const row = rows.find(({ group, cells }) => group === 'PGD-100' && cells[0]!.text === 'NAP')!.cells
		expect(row[1]!.value).toBe(nap.difference)
		expect([row[3]!.value, row[4]!.value, row[5]!.value]).toEqual([nap.onlyThis, nap.onlyReference, nap.p])
		expect(row[1]!.best).toBe(true)
		expect(experimentTables(sampleResult({ reference: null })).some(({ name }) => name === 'paired')).toBe(false)
	})

	it('stands beside the paper where that has numbers', () => {
		expect(experimentTables(sampleResult()).some(({ name }) => name.startsWith('paper'))).toBe(false)
		const result = sampleResult({ targets: true, datasets: ['a', 'b'] })
		const tables = experimentTables(result)
		const rows = texts(table(tables, 'paper'))
		const { accuracy, target } = result.cells[0]!
		expect(rows[0]!.slice(0, 3)).toEqual(['Vanilla', 'ours', percent(accuracy)])
		expect(rows[1]!.slice(0, 3)).toEqual(['Vanilla', 'paper', target!.paper.toFixed(1)])
		expect(Number(rows[2]![2]!.replace('−', '-'))).toBeCloseTo(100 * accuracy - target!.paper, 0)
		const average = result.averages[0]!
		const own = table(tables, 'paper-averages').rows[0]!.cells.map(({ text }) => text)
		expect(own[1]).toBe('2')
		expect(own[2]).toBe(percent(average.accuracy))
		expect(own[5]).toBe(average.target!.recomputed!.toFixed(1))
		expect(own[6]).toBe(average.target!.stated!.toFixed(1))
	})

	it('compares averages over the same data sets only', () => {
		const problems = [{ model: 'nano', dataset: 'b', method: 'nap', condition: 'pgd', message: 'No.' }]
		const result = sampleResult({ targets: true, datasets: ['a', 'b'], problems })
		const row = table(experimentTables(result), 'paper-averages').rows.find(
			({ group, cells }) => group === 'PGD-100' && cells[0]!.text === 'NAP',
		)!.cells
		const left = result.cells.find(({ method, condition }) => method === 'nap' && condition === 'pgd')!
		expect(row.slice(1, 4).map(({ text }) => text)).toEqual([
			'1',
			percent(left.accuracy),
			left.target!.paper.toFixed(1),
		])
	})

	it('has a row per point and a column per condition, the methods as groups', () => {
		const result = sampleResult({ layout: 'matrix', reference: null })
		const main = table(experimentTables(result), 'accuracy')
		expect(main.columns[0]!.title).toBe('training epsilon')
		expect(main.rows.map(({ group, cells }) => `${group} ${cells[0]!.text}`).slice(0, 5)).toEqual([
			'Vanilla any',
			'AdvPT 1/255',
			'AdvPT 2/255',
			'AdvPT 4/255',
			'AdvPT-V 1/255',
		])
		const cell = result.cells.find(
			({ method, condition, point }) => method === 'nap' && condition === 'pgd-at-2-255' && point === 2 / 255,
		)!
		const at = result.conditions.findIndex(({ name }) => name === 'pgd-at-2-255') + 1
		const row = main.rows.find(({ group, cells }) => group === 'NAP' && cells[0]!.text === '2/255')!
		expect(row.cells[at]!.text).toBe(percent(cell.accuracy))
	})

	it('keeps curves over epsilon out of the main table', () => {
		const result = sampleResult({ conditions: [...sampleConditions, ...sampleCurve], reference: null })
		const tables = experimentTables(result)
		expect(table(tables, 'accuracy').rows).toHaveLength(3)
		expect(texts(table(tables, 'epsilon')).map(([head]) => head)).toEqual(sampleCurve.map(({ title }) => title))
	})

	it('tells what is missing and what failed', () => {
		const message = 'The run cannot go on.\nTake another folder.'
		const methods = ['advpt', 'advpt-v', 'nap', 'vanilla']
		const problems = methods.map((method) => ({ model: 'nano', dataset: 'a', method, condition: 'pgd', message }))
		const missing = [{ dataset: 'imagenet', reason: 'imagenet is not in the data folder.' }]
		const tables = experimentTables(sampleResult({ datasets: ['a', 'b'], problems, missing }))
		const { notes, rows } = table(tables, 'accuracy')
		expect(notes).toContain('Skipped data sets: imagenet (imagenet is not in the data folder).')
		expect(notes).toContain('Not measured: AdvPT, PGD-100, a: The run cannot go on. Take another folder.')
		expect(notes).toContain('Another 1 could not be measured; a separate table lists them.')
		const pgd = rows.filter(({ group }) => group === 'PGD-100')
		expect(pgd.map(({ cells }) => cells[1]!.text)).toEqual(['–', '–', '–', '–'])
		expect(pgd.map(({ cells }) => cells[3]!.text)).toEqual(
			pgd.map(({ cells }) => `${cells[2]!.text.replace('†', '')} (1)`),
		)
		expect(pgd.some(({ cells }) => cells[3]!.best || cells[3]!.second)).toBe(false)
		expect(notes.join(' ')).toContain('counts its data sets, of 2')
		expect(table(tables, 'not-measured').rows).toHaveLength(5)
	})

	it('gives tables of their own names to models and data sets that are called alike', () => {
		const datasets = ['a b', 'a-b', 'average']
		const names = experimentTables(sampleResult({ layout: 'curve', datasets })).map(({ name }) => name)
		expect(new Set(names).size).toBe(names.length)
		expect(names).toContain('accuracy-a-b-2')
	})

	it('counts runs and evaluations once for costs', () => {
		const { rows } = table(experimentTables(sampleResult({ seeds: [1, 2] })), 'costs')
		expect(rows[0]!.cells.map(({ text }) => text)).toEqual(['Vanilla', '0', '–', '30 s', '5 min 00 s'])
		expect(rows[3]!.cells.map(({ text }) => text)).toEqual(['NAP', '2', '1 min 02 s', '30 s', '5 min 00 s'])
	})

	it('holds without a single cell', () => {
		for (const layout of ['table', 'curve'] as const) {
			const tables = experimentTables({ ...sampleResult({ layout }), cells: [], averages: [] })
			expect(tables.map(({ name }) => name)).toEqual(['accuracy', 'costs'])
			expect(tables[0]!.rows.flatMap(({ cells }) => cells.slice(1)).every(({ text }) => text === '–')).toBe(true)
		}
	})
})
