import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { loadPreset, presetConfig } from '../tuning/presets.js'
import { tinyClip, tinyDataset } from '../tuning/tiny.test.support.js'
import { tune } from '../tuning/tune.js'
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
	await tune({ engine, clip, dataset: tinyDataset(), config, output, ...(recorded && { origin }) })
	expect((await loadTunedRun(output)).protocol).toEqual((await openRun(output)).protocol)
	return (await openRun(output)).protocol
}

it("is attacked as its preset says, with another epsilon where the inner attack's was chosen", async () => {
	expect(await protocolOf({ epochs: 1 }, true)).toEqual({ attack: 'pgd-5', epsilon: 4 / 255 })
	expect(await protocolOf({ attack: { epsilon: 0.5 } }, true)).toEqual({ attack: 'pgd-5', epsilon: 0.5 })
	expect(await protocolOf({ attack: { epsilon: 0.25 } }, false)).toEqual({ attack: 'pgd-100', epsilon: 0.25 })
})
