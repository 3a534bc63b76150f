import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defined } from '../../core/defined.js'
import { writeMadeUpBenchmark } from '../../data/benchmarks/made-up-benchmark.test.helper.js'
import { fewShot } from '../../data/few-shot.js'
import { loadDataset } from '../../data/registry.js'
import { flipBit } from '../../files/flip-bit.test.helper.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { loadPreset, presetConfig } from '../../methods/tuning/presets.js'
import { tinyClip, tinyDataset, tinyTuning } from '../../methods/tuning/tiny.test.support.js'
import { tune } from '../../methods/tuning/tune.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { readLearningCurves } from './learning-curves.js'
import { loadTunedRun, openRun } from './tuned-run.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** How a run is meant to be attacked that was tuned under preset tiny with these overrides. */
async function protocolOf(overrides: Readonly<Record<string, unknown>>, recorded: boolean) {
	const folder = await temporaryFolder()
	const clip = await tinyClip(join(folder, 'model'))
	const { config, origin } = presetConfig(await loadPreset('tiny'), 'coop', overrides)
	const output = join(folder, 'run')
	await tune({
		engine,
		clip,
		dataset: tinyDataset(),
		config,
		output,
		...defined({ origin: recorded ? origin : undefined }),
	})
	expect((await loadTunedRun(output)).protocol).toEqual((await openRun(output)).protocol)
	return (await openRun(output)).protocol
}

it("is attacked as its preset says, with another epsilon where the inner attack's was chosen", async () => {
	expect(await protocolOf({ epochs: 1 }, true)).toEqual({ attack: 'pgd-5', epsilon: 4 / 255 })
	expect(await protocolOf({ attack: { epsilon: 0.5 } }, true)).toEqual({ attack: 'pgd-5', epsilon: 0.5 })
	expect(await protocolOf({ attack: { epsilon: 0.25 } }, false)).toEqual({ attack: 'pgd-100', epsilon: 0.25 })
})

it('names a file in which a bit is flipped, and says what cannot be checked', async () => {
	const folder = await temporaryFolder()
	const clip = await tinyClip(join(folder, 'model'))
	const output = join(folder, 'run')
	await tune({ engine, clip, dataset: tinyDataset(), config: tinyTuning({ epochs: 1 }), output })
	expect((await loadTunedRun(output)).notices).toEqual([])
	expect(await readLearningCurves(output)).toHaveLength(1)
	const parameters = join(output, 'parameters.safetensors')
	await flipBit(parameters, -100)
	await expect(loadTunedRun(output)).rejects.toThrow(
		/parameters\.safetensors does not match .*result\.json.*Restore it, or tune again/,
	)
	await flipBit(parameters, -100)
	await flipBit(join(output, 'log.jsonl'), 30)
	await expect(readLearningCurves(output)).rejects.toThrow(/log\.jsonl is damaged.*Restore it, or tune again/)
	const result = await readFile(join(output, 'result.json'), 'utf8')
	await writeFile(join(output, 'result.json'), '{}')
	await expect(loadTunedRun(output)).rejects.toThrow(
		/result\.json is not the closing record of a run.*Restore the run/s,
	)
	await writeFile(join(output, 'result.json'), result)
	await rm(join(output, 'result.json'))
	expect((await loadTunedRun(output)).notices).toEqual([
		expect.stringMatching(/result\.json is missing.*would go unnoticed/),
	])
})

it('finds its data where they lie now, and refuses others', async () => {
	const folder = await temporaryFolder()
	const before = join(folder, 'before')
	const now = join(folder, 'now')
	await writeMadeUpBenchmark(before, 20)
	const clip = await tinyClip(join(folder, 'model'))
	const dataset = await loadDataset('eurosat', { root: before })
	const output = join(folder, 'run')
	const config = tinyTuning({ epochs: 1, shots: 1, batchSize: 2, microBatchSize: 2 })
	await tune({ engine, clip, dataset: fewShot(dataset, 1, 1), config, output })
	expect((await (await loadTunedRun(output)).dataset()).origin).toEqual(dataset.origin)
	expect((await loadTunedRun(output)).dataRoot).toBe(before)
	expect((await loadTunedRun(output, undefined, now)).dataRoot).toBe(now)

	await rename(before, now)
	await expect((await loadTunedRun(output)).dataset()).rejects.toThrow(/data root .*before does not exist/)
	const moved = await (await loadTunedRun(output, undefined, now)).dataset()
	expect((await moved.test.image(0)).width).toBe(20)
	// Records that were begun before go on.
	expect(moved.origin).toEqual(dataset.origin)
	const elsewhere = await loadDataset('eurosat', { root: now })
	await expect(
		tune({ engine, clip, dataset: fewShot(elsewhere, 1, 1), config, output, resume: true }),
	).resolves.toBeDefined()

	const path = join(now, 'eurosat/split_zhou_EuroSAT.json')
	await writeFile(path, (await readFile(path, 'utf8')).replaceAll('River', 'Lake'))
	await expect((await loadTunedRun(output, undefined, now)).dataset()).rejects.toThrow(/eurosat has changed/)
})
