import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { initialParameters } from '../../defenses/defense.js'
import { defenses, tunableDefenses } from '../../defenses/registry.js'
import { tuningLosses } from '../../defenses/tuning-losses.js'
import { readJsonLines } from '../../files/json-lines.js'
import { sha256OfFile } from '../../files/sha256.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { optimizers } from '../../training/optimizers.js'
import { loadTensors } from '../../training/tensor-set.js'
import { tuningConfig } from './configuration.js'
import { loadPreset, presetConfig } from './presets.js'
import { tinyClip, tinyDataset, tinyTuning } from './tiny.test.support.js'
import { type EpochRecord, tune } from './tune.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

describe('every method that learns', () => {
	it('is there', () => {
		expect(tunableDefenses.length).toBe(defenses.size - 1)
	})

	it.each(tunableDefenses)('%s tunes under preset tiny and leaves CLIP as it was', async (name) => {
		const folder = await temporaryFolder()
		const clip = await tinyClip(join(folder, 'model'))
		const weights = join(folder, 'model', 'model.safetensors')
		const before = await sha256OfFile(weights)
		const output = join(folder, 'run')
		const { config, origin } = presetConfig(await loadPreset('tiny'), name)
		const result = await tune({ engine, clip, dataset: tinyDataset(), config, origin, output })
		expect(result.finished).toBe(true)
		expect(await sha256OfFile(weights)).toBe(before)
		const { records } = await readJsonLines(join(output, 'log.jsonl'))
		expect(records).toHaveLength(2)
		const { attacks } = tuningLosses.get(config.loss)!
		for (const record of records as EpochRecord[]) {
			expect(record.images).toBe(8)
			expect(record.cleanLoss).toBeGreaterThan(0)
			expect(record.adversarialLoss === null).toBe(!attacks)
			expect(record.adversarialAccuracy === null).toBe(!attacks)
		}
		const initial = await initialParameters(result.defense, config.seed)
		const final = await loadTensors(join(output, 'parameters.safetensors'))
		expect(Object.keys(final).sort()).toEqual([...result.defense.parameters.keys()].sort())
		for (const [parameter, { data }] of Object.entries(final)) {
			expect(data.every(Number.isFinite), parameter).toBe(true)
			expect(data, parameter).not.toEqual(initial[parameter]!.data)
		}
	})
})

describe('every loss', () => {
	const cases = [...tuningLosses.values()].flatMap(({ name, attacks, hasTeacher }) =>
		Object.keys(optimizers).map((optimizer) => ({ loss: name, attacks, optimizer, hasTeacher })),
	)

	it.each(cases)('$loss moves all parameters by $optimizer', async ({ loss, attacks, optimizer, hasTeacher }) => {
		const folder = await temporaryFolder()
		const clip = await tinyClip(join(folder, 'model'))
		const output = join(folder, 'run')
		const base = { ...tinyTuning(), ...(hasTeacher ? { defense: { name: 'apd', options: { prompts: 2 } } } : {}) }
		const config = tuningConfig(base, {
			loss,
			epochs: 1,
			alpha: { kind: 'constant', alpha: 0.5 },
			optimizer: { name: optimizer, warmupRate: null },
			augmentation: 'none',
		})
		const { finished, parameters, defense } = await tune({ engine, clip, dataset: tinyDataset(), config, output })
		expect(finished).toBe(true)
		const record = JSON.parse(await readFile(join(output, 'log.jsonl'), 'utf8')) as EpochRecord
		expect(record).toMatchObject({ epoch: 0, images: 12, alpha: 0.5, learningRate: 2e-3 })
		if (attacks) expect(record.adversarialLoss).toBeGreaterThan(record.cleanLoss)
		else expect(record).toMatchObject({ adversarialLoss: null, adversarialAccuracy: null })
		const initial = await initialParameters(defense, 1)
		for (const [name, { data }] of Object.entries(parameters)) expect(data, name).not.toEqual(initial[name]!.data)
	})
})
