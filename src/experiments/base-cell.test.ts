import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { at, entry } from '../core/at.js'
import { loadTunedRun } from '../evaluation/deployed/tuned-run.js'
import { sha256OfFile } from '../files/sha256.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { loadPreset } from '../methods/tuning/presets.js'
import { tinyClip, tinyDataset } from '../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { experimentOf } from './definition.js'
import { narrowed } from './narrow.js'
import { planExperiment } from './plan.js'
import { runCells } from './run-cells.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

it('tunes a method over the checkpoint of another, evaluates it on that, and reads its records without it', async () => {
	const folder = await temporaryFolder()
	const clip = await tinyClip(join(folder, 'model'))
	const dataset = tinyDataset()
	const definition = experimentOf({
		name: 'over',
		preset: 'tiny',
		epsilon: '4/255',
		// Before its base, which is tuned first nevertheless.
		methods: { 'nap-over-fare': { defense: 'nap', over: 'fare' }, fare: { tuning: { epochs: 1 } }, nap: {} },
		conditions: ['clean', 'pgd-5'],
	})
	const output = join(folder, 'results')
	const run = async () => {
		const plan = planExperiment({
			definition,
			preset: await loadPreset('tiny'),
			models: [{ name: 'tiny', clip }],
			datasets: [dataset],
		})
		const problems: string[] = []
		const results = await runCells({
			engine,
			output,
			cells: plan.cells,
			onProblem: (_, message) => problems.push(message),
		})
		const records = new Map(
			plan.cells.map(({ cell }) => {
				const key = [...(results?.measured.keys() ?? [])].find((one) => one.startsWith(`${cell.folder} `))
				return [cell.method, { folder: cell.folder, found: key === undefined ? undefined : results?.measured.get(key) }]
			}),
		)
		return { records, problems }
	}
	const first = await run()
	expect(first.problems).toEqual([])
	const [over, base] = [entry(Object.fromEntries(first.records), 'nap-over-fare'), first.records.get('fare')]
	const checkpoint = join(output, base?.folder ?? '', 'checkpoint')
	const sha256 = await sha256OfFile(join(checkpoint, 'model.safetensors'))
	expect(over.found?.record.model).toMatchObject({ sha256, source: `../${base?.folder.split('/').at(-1)}/checkpoint` })
	expect(first.records.get('nap')?.found?.record.model.sha256).toBe(clip.checkpoint.sha256)

	// The run finds its model from its own folder, wherever both lie.
	const moved = join(folder, 'moved')
	await cp(output, moved, { recursive: true })
	expect((await loadTunedRun(join(moved, over.folder))).clip.checkpoint.sha256).toBe(sha256)

	// As in a repository, which holds neither parameters nor checkpoints.
	for (const { folder: own } of first.records.values()) {
		await rm(join(output, own, 'parameters.safetensors'))
		await rm(join(output, own, 'checkpoint'), { recursive: true, force: true })
	}
	const again = await run()
	expect(again.problems).toEqual([])
	expect(again.records.get('nap-over-fare')?.found?.record).toEqual(over.found?.record)

	// A checkpoint that is not the one that its run ended in, and one that is gone.
	await cp(moved, output, { recursive: true })
	const weights = await readFile(join(moved, base?.folder ?? '', 'checkpoint', 'model.safetensors'))
	weights[weights.length - 1] = at([...weights], weights.length - 1) ^ 1
	await writeFile(join(checkpoint, 'model.safetensors'), weights)
	expect((await run()).problems).toEqual([expect.stringMatching(/is not the one that its run ended in/)])
	await rm(checkpoint, { recursive: true })
	expect((await run()).problems).toEqual([expect.stringMatching(/its checkpoint, .* is gone/)])
	await expect(loadTunedRun(join(output, over.folder))).rejects.toThrow(/was tuned over the checkpoint .* --model/)
})

it('keeps what a method is tuned over, where that method is asked for alone', () => {
	const definition = experimentOf({
		name: 'over',
		epsilon: '4/255',
		methods: { vanilla: {}, tecoa: {}, fare: {}, nap: { over: 'fare' } },
		conditions: ['clean', 'pgd-5'],
	})
	expect(Object.keys(narrowed(definition, { methods: ['nap'] }).methods)).toEqual(['fare', 'nap'])
})
