import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at, present } from '../../core/at.js'
import { readEvaluationRecord } from '../../evaluation/robustness/record.js'
import type { JobResult } from '../../jobs/job.js'
import type { reproduce } from '../../jobs/reproduce.js'
import type { reproduceShard } from '../../jobs/reproduce-shard.js'
import { runCli, runJson, writePhotos, writeTinyModel } from '../cli.test.helper.js'

const definition = {
	name: 'table',
	version: 1,
	title: 'A table',
	doc: 'Three methods on photographs.',
	layout: 'table',
	models: ['nano'],
	datasets: ['cifar10-mini'],
	preset: 'tiny',
	epsilon: '4/255',
	methods: { vanilla: { title: 'Vanilla CLIP' }, coop: { title: 'CoOp' }, nap: { title: 'NAP' } },
	reference: 'nap',
	conditions: [
		{ name: 'clean', title: 'Clean', cleanOf: 'pgd' },
		{ name: 'pgd', title: 'PGD', attack: 'pgd-100' },
		{ name: 'autoattack', title: 'AutoAttack', attack: 'apgd-t', options: { steps: 5 } },
	],
	seeds: [1],
}

let folder: string
let inputs: string[]
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-shards-'))
	await writeTinyModel(join(folder, 'model'))
	await writePhotos(join(folder, 'photos'))
	const experiment = join(folder, 'own.json')
	await writeFile(experiment, JSON.stringify(definition))
	inputs = [
		'reproduce',
		experiment,
		'--model',
		join(folder, 'model'),
		'--data',
		join(folder, 'photos'),
		'--threads',
		'1',
	]
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** All evaluations below a folder, by their paths, without what no two runs share. */
async function evaluationsOf(root: string) {
	const files = (await readdir(join(root, 'cells'), { recursive: true })).filter((name) =>
		/evaluations.[^/\\]*\.json$/.test(name),
	)
	const records = await Promise.all(
		files.map(async (name) => {
			const { seconds: _, passes: __, stages, ...record } = await readEvaluationRecord(join(root, 'cells', name))
			return [name, { ...record, stages: stages?.map(({ seconds: ___, ...stage }) => stage) }] as const
		}),
	)
	return Object.fromEntries(records.sort(([a], [b]) => a.localeCompare(b)))
}

describe('shards of an experiment', () => {
	const output = () => join(folder, 'sharded')
	const shards = () => join(output(), 'shards')

	it('divide its work, also that of one model', async () => {
		const results: JobResult<typeof reproduceShard>[] = []
		for (const number of [1, 2, 3]) {
			const { code, stderr, document } = await runJson([...inputs, '--output', output(), '--shard', `${number}/3`])
			expect([code, stderr.match(/error.*/gi)]).toEqual([0, null])
			results.push(document as JobResult<typeof reproduceShard>)
		}
		expect(results.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9)
		expect(Math.max(...results.map(({ share }) => share))).toBeLessThan(0.5)
		expect(results.some(({ parts }) => parts > 0)).toBe(true)
		expect(existsSync(join(output(), 'table'))).toBe(false)
	})

	it('give the tables of one process when they are merged', async () => {
		const whole = join(folder, 'whole')
		expect((await runCli([...inputs, '--output', whole])).stderr.match(/error.*/gi)).toBe(null)
		const { code, document } = await runJson([...inputs, '--output', output(), '--merge'])
		expect(code).toBe(0)
		const { merged, experiments } = document as JobResult<typeof reproduce>
		expect(present(merged, 'merge').folders.map((path) => path.slice(shards().length + 1))).toEqual([
			'1-of-3',
			'2-of-3',
			'3-of-3',
		])
		expect(at(experiments, 0).problems).toEqual([])
		expect(await evaluationsOf(output())).toEqual(await evaluationsOf(whole))
		// Nothing was attacked again: the record counts the passes of the shards.
		const again = await runJson([...inputs, '--output', output(), '--merge'])
		expect((again.document as JobResult<typeof reproduce>).merged).toMatchObject({ copied: 0 })
	})

	it('are refused where they contradict each other, and nothing is written', async () => {
		const [forged, target] = [join(folder, 'forged'), join(folder, 'target')]
		const outcomes = (await readdir(shards(), { recursive: true })).find((name) => name.endsWith('.outcomes.jsonl'))
		const [shard, ...path] = present(outcomes, 'unfinished evaluation').split(sep)
		for (const copy of ['1', '2']) await cp(join(shards(), shard ?? ''), join(forged, copy), { recursive: true })
		const log = join(forged, '2', ...path)
		const text = await readFile(log, 'utf8')
		await writeFile(
			log,
			text.replace(/"prediction":(\d)/, (_, digit) => `"prediction":${(Number(digit) + 1) % 3}`),
		)
		const { code, stderr } = await runCli([
			...inputs,
			'--output',
			target,
			'--merge',
			join(forged, '1'),
			join(forged, '2'),
		])
		expect(code).not.toBe(0)
		expect(stderr).toMatch(/cannot be merged, and nothing was written:\s.*disagree on image/)
		expect(existsSync(join(target, 'cells'))).toBe(false)
	})

	it.each([
		[['--shard', '4/3'], /shard 4 of 3; shards are numbered from 1/],
		[['--shard', '1/3', '--merge'], /cannot be used with/],
		[['--merge', 'nowhere'], /nowhere holds no cells of experiments/],
		[['--merge'], /There is nothing to merge/],
	])('refuse %j', async (options, message) => {
		const { code, stderr } = await runCli([...inputs, '--output', join(folder, 'empty'), ...options])
		expect([code === 0, stderr]).toEqual([false, expect.stringMatching(message)])
	})
})
