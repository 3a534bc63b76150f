import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEvaluationRecord } from '../../evaluation/robustness/record.js'
import type { Cell, ExperimentResult } from '../../records/experiment.js'
import { wilsonIntervalOfShare } from '../../statistics/wilson.js'
import { runCli, runJson, startCli, writePhotos, writeTinyModel } from '../cli.test.helper.js'

let folder: string
let experiment: string
let inputs: string[]

const small = { width: 4, blocks: [1], imageSize: 16, epochs: 2, batchSize: 4 }
const definition = {
	name: 'own-table',
	version: 1,
	title: 'A table of one’s own',
	doc: 'Three methods on photographs.',
	layout: 'table',
	models: ['nano'],
	datasets: ['cifar10-mini'],
	preset: 'tiny',
	epsilon: '4/255',
	methods: {
		vanilla: { title: 'Vanilla CLIP' },
		coop: { title: 'CoOp' },
		nap: { title: 'NAP', tuning: { epochs: 30 } },
	},
	reference: 'nap',
	conditions: [
		{ name: 'clean', title: 'Clean', cleanOf: 'pgd' },
		{ name: 'cwa', title: 'CWA', attack: 'mi-cwa', madeOn: 'classifiers' },
		{ name: 'ags', title: 'AGS', attack: 'ags', options: { steps: 3 }, madeOn: 'substitute' },
		{ name: 'pgd', title: 'PGD', attack: 'pgd-5' },
		{ name: 'apgd', title: 'APGD', attack: 'apgd-t', options: { steps: 5 } },
	],
	epsilonCurve: { attack: 'pgd-5', epsilons: ['1/255', '8/255'], methods: ['vanilla', 'nap'] },
	seeds: [1, 2],
	surrogates: {
		classifiers: [{ family: 'plain', ...small }],
		substitute: { ...small, family: 'residual', embedding: 4, steps: 1 },
	},
	shown: ['nap'],
}

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-reproduce-'))
	await writeTinyModel(join(folder, 'model'))
	await writePhotos(join(folder, 'photos'))
	await writePhotos(join(folder, 'others'), ['yellow_car', 'grey_bus', 'old_lorry'], 5)
	experiment = join(folder, 'own.json')
	await writeFile(experiment, JSON.stringify(definition))
	const data = ['photos', 'others', 'missing'].map((name) => join(folder, name)).join(',')
	inputs = ['reproduce', experiment, '--model', join(folder, 'model'), '--data', data, '--threads', '1']
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const whole = () => join(folder, 'whole')
async function resultOf(output: string, name = 'own-table'): Promise<ExperimentResult> {
	return JSON.parse(await readFile(join(output, name, 'result.json'), 'utf8'))
}
/** Cells without wall-clock times, which no two runs share. */
function timeless({ cells }: ExperimentResult) {
	return cells.map((cell) => ({
		...cell,
		seeds: cell.seeds.map(({ tuningSeconds: _, evaluationSeconds: __, stages, ...rest }) => ({
			...rest,
			stages: stages?.map(({ seconds: ___, ...stage }) => stage),
		})),
	}))
}
const cellOf = ({ cells }: ExperimentResult, method: string, condition: string, dataset = 'photos'): Cell =>
	cells.find((cell) => cell.method === method && cell.condition === condition && cell.dataset === dataset)!

describe('an experiment', () => {
	it('tunes and attacks every method on every data set that is there', async () => {
		const { code, stderr, document } = await runJson([...inputs, '--output', whole()])
		expect([code, stderr.match(/error.*/gi)]).toEqual([0, null])
		expect(document).toMatchObject({ experiments: [{ name: 'own-table', problems: [] }] })
		expect(stderr).toMatch(/note: skipping .*missing: .*neither a known data set/)

		const result = await resultOf(whole())
		expect(result).toMatchObject({ datasets: ['photos', 'others'], seeds: [1, 2], quick: false, reference: 'nap' })
		expect(result.missing).toEqual([{ dataset: join(folder, 'missing'), reason: expect.stringContaining('existing') }])
		// Five rows of three methods and two points of a curve of two methods, on two data sets.
		expect(result.cells).toHaveLength(2 * (5 * 3 + 2 * 2))
		// Which models made the images of which row; trained for two epochs, they are worth nothing.
		expect(result.surrogates!.map(({ dataset, condition, weak }) => [dataset, condition, weak])).toEqual([
			['photos', 'cwa', expect.any(Boolean)],
			['photos', 'ags', false],
			['others', 'cwa', expect.any(Boolean)],
			['others', 'ags', false],
		])
		const [cwa, ags] = result.surrogates!
		expect(cwa!.models[0]).toMatchObject({
			name: expect.stringMatching(/^plain-.*onnx$/),
			accuracy: expect.any(Number),
		})
		expect(cwa!.weak).toBe(cwa!.models[0]!.accuracy! < cwa!.weakBelow)
		expect(ags!.models[0]).not.toHaveProperty('accuracy')
		expect(result.shown.map(({ method, dataset }) => [method, dataset])).toEqual([
			['nap', 'photos'],
			['nap', 'others'],
		])
	})

	it('says of every cell what its records say', async () => {
		const result = await resultOf(whole())
		for (const cell of result.cells) {
			expect(cell.seeds.map(({ seed }) => seed)).toEqual(cell.method === 'vanilla' ? [1] : [1, 2])
			const accuracies = []
			for (const { record, images, accuracy } of cell.seeds) {
				const read = await readEvaluationRecord(join(whole(), record))
				expect([read.images, cell.condition === 'clean' ? read.clean : read.robust]).toEqual([images, accuracy])
				expect(read.dataset.name).toBe(cell.dataset)
				accuracies.push(accuracy.accuracy)
			}
			const mean = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length
			expect(cell.accuracy).toBeCloseTo(mean, 12)
			expect(cell.interval).toEqual(wilsonIntervalOfShare(cell.accuracy, cell.images))
			expect(cell.deviation === undefined).toBe(cell.method === 'vanilla')
			expect(cell.paired === undefined).toBe(cell.method === 'nap')
		}
	})

	it('pairs methods on the same images, and averages data sets as means of cells', async () => {
		const result = await resultOf(whole())
		const [clean, pgd] = [cellOf(result, 'coop', 'clean'), cellOf(result, 'coop', 'pgd')]
		const reference = cellOf(result, 'nap', 'pgd')
		expect(pgd.paired!.difference).toBeCloseTo(pgd.accuracy - reference.accuracy, 12)
		expect(pgd.accuracy).toBeLessThanOrEqual(clean.accuracy)
		for (const { method, condition, accuracy, datasets } of result.averages) {
			const cells = ['photos', 'others'].map((dataset) => cellOf(result, method, condition, dataset).accuracy)
			expect([datasets, accuracy]).toEqual([2, (cells[0]! + cells[1]!) / 2])
		}
		expect(result.averages).toHaveLength(result.cells.length / 2)
	})

	it('has all that was chosen in its definition, which finds the same cells', async () => {
		const [output, own] = [join(folder, 'chosen'), join(folder, 'chosen.json')]
		// The attack's name means its condition.
		const narrow = ['--methods', 'nap', '--conditions', 'clean,pgd-5', '--seeds', '1']
		const chosen = ['--epsilon', '2/255', '--set', 'attack.steps=1', '--set', 'epochs=2', '--limit', '4']
		expect((await runCli([...inputs, ...narrow, ...chosen, '--output', output])).code).toBe(0)
		const { definition: ran, cells } = await resultOf(output)
		expect(ran).toMatchObject({
			epsilon: '2/255',
			overrides: { attack: { epsilon: 2 / 255, steps: 1 }, epochs: 2 },
			images: { default: 4 },
		})
		await writeFile(own, JSON.stringify({ ...ran, name: 'again' }))
		expect((await runCli(['reproduce', own, '--output', output, '--threads', '1'])).code).toBe(0)
		const again = await resultOf(output, 'again')
		const records = (all: readonly Cell[]) => all.flatMap(({ seeds }) => seeds.map(({ record }) => record))
		expect(records(again.cells)).toEqual(records(cells))
	})

	it('is not computed again when it is finished, nor is a part of it', async () => {
		const before = await resultOf(whole())
		const paths = before.cells.flatMap(({ seeds }) => seeds.map(({ record }) => join(whole(), record)))
		const times = await Promise.all(paths.map(async (path) => (await stat(path)).mtimeMs))
		expect((await runCli([...inputs, '--output', whole()])).code).toBe(0)
		expect(timeless(await resultOf(whole()))).toEqual(timeless(before))

		// Another experiment with the same cells, one seed, and fewer methods and rows.
		const other = join(folder, 'other.json')
		await writeFile(other, JSON.stringify({ ...definition, name: 'part' }))
		const fewer = ['--methods', 'nap', '--conditions', 'clean,pgd', '--seeds', '1', '--output', whole()]
		expect((await runCli(['reproduce', other, ...inputs.slice(2), ...fewer])).code).toBe(0)
		const part = await resultOf(whole(), 'part')
		expect(part.cells.map(({ condition }) => condition)).toEqual(['photos', 'others'].flatMap(() => ['clean', 'pgd']))
		expect(await Promise.all(paths.map(async (path) => (await stat(path)).mtimeMs))).toEqual(times)
	})

	it('has the same cells when it is killed twice, before a tuning run and an attack end, and goes on', async () => {
		const output = join(folder, 'killed')
		for (const point of ['coop on photos, seed 2, apgd: ', 'nap on photos, seed 2, pgd: ']) {
			const running = startCli([...inputs, '--output', output])
			await running.until(point)
			running.process.kill('SIGKILL')
			await running.finished
			expect(existsSync(join(output, 'own-table', 'result.json'))).toBe(false)
		}
		expect((await runCli([...inputs, '--output', output])).code).toBe(0)
		expect(timeless(await resultOf(output))).toEqual(timeless(await resultOf(whole())))
		const files = (await readdir(output, { recursive: true })).filter((name) => /tmp|partial/.test(name))
		expect(files).toEqual([])
	})

	it('stops when asked to, and keeps what it did', async () => {
		const output = join(folder, 'stopped')
		const running = startCli([...inputs, '--output', output])
		await running.until('coop on photos, seed 2, pgd: ')
		running.process.kill('SIGINT')
		const { code, stderr } = await running.finished
		expect([code, stderr]).toEqual([130, expect.stringContaining('run the same command again to resume')])
	})
})

describe('an experiment that cannot be run', () => {
	it.each([
		[['--methods', 'napp'], 'has no method napp; it has vanilla, coop, nap. Did you mean nap?'],
		[['--conditions', 'clean'], 'is read from the records of pgd'],
		[['--conditions', 'fab'], 'has no condition fab; it has clean, cwa, ags, pgd, apgd, epsilon-curve.'],
		[['--conditions', 'clean,pgd-50'], 'Did you mean pgd-5?'],
		[['--data', 'nowhere'], 'No data set of own-table is available'],
		[['--conditions', 'epsilon-curve', '--methods', 'coop'], 'is measured for vanilla, nap'],
		[['--seeds', '1,2,1'], '1 appears twice'],
		[['--set', 'epoch=3'], 'epoch'],
		[['--set', 'seed=3'], 'use seeds'],
		[['--set', 'defense.name=coop'], 'use another method'],
		[['--surrogate', 'none.onnx', '--methods', 'vanilla', '--conditions', 'cwa'], 'none.onnx'],
		[['--surrogate', 'none.onnx?normalization=imagenet', '--conditions', 'cwa'], 'Did you mean normalisation?'],
		[['--surrogate', 'dtd=none.onnx', '--conditions', 'cwa'], 'is for dtd, which is not a data set of own-table'],
		[['--protocol', 'both'], 'none of its methods has any'],
	])('says why: %j', async (options, message) => {
		const { code, stderr } = await runCli([...inputs, '--output', join(folder, 'refused'), ...options])
		expect([code, stderr]).toEqual([1, expect.stringContaining(message)])
	})

	it('has no two data sets of one name, which results could not tell apart', async () => {
		await writePhotos(join(folder, 'elsewhere', 'photos'))
		const data = ['photos', join('elsewhere', 'photos')].map((name) => join(folder, name)).join(',')
		const { code, stderr } = await runCli([...inputs, '--data', data, '--output', join(folder, 'refused')])
		expect([code, stderr]).toEqual([1, expect.stringContaining('are called photos')])
	})

	it('names the known ones', async () => {
		const { code, stderr } = await runCli(['reproduce', 'table9'])
		expect([code, stderr]).toEqual([1, expect.stringContaining('choose one of table1, table2')])
	})

	it('measures the rest where a cell fails', async () => {
		const output = join(folder, 'problem')
		const broken = join(folder, 'broken.onnx')
		await writeFile(broken, 'not a model')
		const options = ['--surrogate', broken, '--methods', 'vanilla', '--conditions', 'clean,cwa,pgd', '--output', output]
		const { code, stderr } = await runCli([...inputs, ...options])
		expect([code, stderr]).toEqual([3, expect.stringContaining('problem: vanilla on photos, seed 1, cwa: ')])
		const result = await resultOf(output)
		expect(result.problems.map(({ condition }) => condition)).toEqual(['cwa', 'cwa'])
		expect(result.problems[0]!.message).toContain('broken.onnx')
		expect(cellOf(result, 'vanilla', 'pgd').images).toBe(6)
	})

	it('keeps the rest where a method whose runs the report shows cannot be tuned', async () => {
		const output = join(folder, 'overflow')
		const nap = { title: 'NAP', tuning: { optimizer: { learningRate: 1e30 } } }
		const own = join(folder, 'overflow.json')
		await writeFile(own, JSON.stringify({ ...definition, methods: { ...definition.methods, nap } }))
		const options = ['--methods', 'vanilla,nap', '--conditions', 'clean,pgd', '--seeds', '1', '--output', output]
		const { code, stderr } = await runCli(['reproduce', own, ...inputs.slice(2), ...options])
		expect(code, stderr).toBe(3)
		expect(stderr.match(/problem: nap on photos, seed 1: Tuning stopped/g)).toHaveLength(1)
		const result = await resultOf(output)
		expect(result.cells.map(({ method }) => method)).toEqual(['photos', 'others'].flatMap(() => ['vanilla', 'vanilla']))
		expect(result.problems.map(({ method, condition }) => [method, condition])).toEqual([
			['nap', 'pgd'],
			['nap', 'pgd'],
		])
		expect(result.shown).toEqual([])
	})

	it('keeps the numbers where only what is shown beside them cannot be made', async () => {
		const output = join(folder, 'unlooked')
		const options = ['--methods', 'nap', '--conditions', 'clean,pgd', '--seeds', '1', '--data', join(folder, 'photos')]
		const args = [...inputs, ...options, '--output', output]
		expect((await runCli(args)).code).toBe(0)
		const run = join(output, (await resultOf(output)).shown[0]!.run)
		await rm(join(run, 'gallery'), { recursive: true })
		await writeFile(join(run, 'gallery'), 'in the way')
		const { code, stderr } = await runCli(args)
		expect([code, stderr]).toEqual([
			3,
			expect.stringContaining('problem: nap on photos, seed 1: Its distortion or gallery'),
		])
		const { cells, problems } = await resultOf(output)
		expect([cells.length, problems.length]).toEqual([2, 1])
	})
})
