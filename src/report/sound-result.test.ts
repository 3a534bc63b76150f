import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { at } from '../core/at.js'
import { summarize } from '../evaluation/robustness/evaluate.js'
import { readExperimentResult } from '../experiments/read-experiment-result.js'
import { soundResult } from './sound-result.js'

const committed = fileURLToPath(new URL('../../results/reproduce-quick', import.meta.url))
let root: string
beforeAll(async () => {
	root = await mkdtemp(join(tmpdir(), 'naptune-sound-'))
	await cp(committed, root, { recursive: true })
})
afterAll(() => rm(root, { recursive: true, force: true }))

const resultOf = (name = 'fig5-alpha') => readExperimentResult(join(committed, name, 'result.json'))

/** Changes one record, and puts it back. */
async function withRecord(path: string, change: (text: string) => string, work: () => Promise<void>) {
	const whole = await readFile(join(root, path), 'utf8')
	await writeFile(join(root, path), change(whole))
	await work().finally(() => writeFile(join(root, path), whole))
}

it.each(['table1', 'table2', 'table3', 'fig4-layers', 'fig5-alpha', 'fig-refiner', 'fig6-shots', 'fig7-context'])(
	'bears out the committed %s',
	async (name) => {
		const result = await resultOf(name)
		expect(await soundResult(result, root)).toEqual({ result, changed: [] })
	},
)

it('leaves out what a record that contradicts itself is about', async () => {
	const result = await resultOf()
	const cell = at(
		result.cells.filter(({ condition }) => condition === 'pgd'),
		1,
	)
	const { record } = at(cell.seeds, 0)
	await withRecord(
		record,
		(text) => text.replace(/"robust": \{\s*"accuracy": [\d.]+/, '"robust": { "accuracy": 0.9'),
		async () => {
			const { result: sound, changed } = await soundResult(result, root)
			expect(changed).toEqual([expect.stringMatching(/was changed: its accuracies do not follow from its outcomes/)])
			// The clean row is read from the same record.
			const gone = result.cells.filter(({ seeds }) => seeds.some((seed) => seed.record === record))
			expect(gone.map(({ condition }) => condition)).toEqual(['clean', 'pgd'])
			expect(sound.cells).toEqual(result.cells.filter((one) => !gone.includes(one)))
			expect(sound.problems.map(({ condition }) => condition)).toEqual(['clean', 'pgd'])
		},
	)
})

it('finds a record that was changed so that it does not contradict itself', async () => {
	const result = await resultOf()
	const { record } = at(
		at(
			result.cells.filter(({ condition }) => condition === 'pgd'),
			1,
		).seeds,
		0,
	)
	const forge = (text: string) => {
		const whole = JSON.parse(text)
		const outcomes = whole.outcomes.map((outcome: { label: number }) => ({
			...outcome,
			adversarialPrediction: outcome.label,
		}))
		return JSON.stringify({ ...whole, ...summarize(outcomes), outcomes })
	}
	await withRecord(record, forge, async () => {
		const { changed } = await soundResult(result, root)
		expect(changed).toEqual([expect.stringContaining(`${record} says`)])
	})
})

it('finds a result that was changed', async () => {
	const result = await resultOf('table1')
	const changed = async (change: (cell: (typeof result.cells)[number]) => object) => {
		const first = at(result.cells, 0)
		const cells = [{ ...first, ...change(first) }, ...result.cells.slice(1)]
		return (await soundResult({ ...result, cells }, root)).changed
	}
	expect(await changed(() => ({ accuracy: 0.99 }))).toEqual([expect.stringContaining('but their cell says 99.0 %')])
	expect(await changed(({ paired }) => ({ paired: { ...paired, p: 0.001 } }))).toEqual([
		expect.stringContaining('The records of vanilla and nap differ'),
	])
})

it('says nothing of records that are not there', async () => {
	const result = await resultOf()
	expect((await soundResult(result, join(root, 'nowhere'))).changed).toEqual([])
})
