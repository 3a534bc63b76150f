import { describe, expect, it } from 'vitest'
import { defenses } from '../defenses/registry.js'
import { NaptuneError } from '../errors.js'
import { loadPreset, presetNames, tuningConfig } from './configuration.js'

describe('tuningConfig', () => {
	it("has the paper's settings as defaults", () => {
		expect(tuningConfig()).toEqual({
			defense: { name: 'nap', options: {} },
			shots: 16,
			seed: 1,
			epochs: 90,
			batchSize: 512,
			microBatchSize: 32,
			classesPerChunk: 64,
			loss: 'clean-plus-adversarial',
			alpha: { kind: 'sigmoid', alpha: 5 },
			optimizer: { learningRate: 1e-4, warmupRate: 1e-6, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 5e-4 },
			attack: { epsilon: 1 / 255, steps: 5, relativeStepSize: 0.3, start: 'zero' },
			augmentation: 'random-resized-crop',
			stopOnCollapse: true,
		})
	})

	it('merges layers object by object, the later ones over the earlier', () => {
		const config = tuningConfig(
			{ attack: { steps: 7, epsilon: 0.1 }, shots: 4 },
			{ attack: { steps: 2 }, optimizer: { betas: [0.5, 0.6] } },
		)
		expect(config.attack).toMatchObject({ steps: 2, epsilon: 0.1, start: 'zero' })
		expect(config.optimizer).toMatchObject({ betas: [0.5, 0.6], learningRate: 1e-4 })
		expect(config.shots).toBe(4)
	})

	it.each([
		[{ shot: 3 }, /shot/],
		[{ attack: { epsilon: 2 } }, /attack\.epsilon/],
		[{ attack: { epsilon: -0.1 } }, /attack\.epsilon/],
		[{ epochs: 0 }, /epochs/],
		[{ optimizer: { learningRate: Number.NaN } }, /optimizer\.learningRate/],
		[{ optimizer: { betas: [0.9, 1] } }, /optimizer\.betas/],
		[{ loss: 'hinge' }, /clean-plus-adversarial/],
		[{ batchSize: 1.5, microBatchSize: 0 }, /batchSize.*microBatchSize/s],
		[{ optimizer: 3 }, /optimizer/],
	])('refuses %j', (layer, message) => {
		expect(() => tuningConfig(layer)).toThrow(NaptuneError)
		expect(() => tuningConfig(layer)).toThrow(message)
	})
})

describe('presets', () => {
	it('are named, versioned and usable', async () => {
		const names = await presetNames()
		expect(names).toEqual(expect.arrayContaining(['demo', 'paper']))
		for (const name of names) {
			const preset = await loadPreset(name)
			expect(preset.name).toBe(name)
			const config = tuningConfig(preset.tuning)
			const { schema } = defenses.get(config.defense.name)!
			expect(schema.safeParse(config.defense.options).error).toBeUndefined()
		}
	})

	it("of the paper keeps the paper's settings", async () => {
		const { tuning } = await loadPreset('paper')
		expect(tuningConfig(tuning)).toEqual(tuningConfig())
	})

	it('refuses an unknown name with the known ones', async () => {
		await expect(loadPreset('papers')).rejects.toThrow(/Unknown preset papers; choose one of .*demo.*paper/)
	})
})
