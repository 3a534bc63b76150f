import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { defenses } from '../../defenses/registry.js'
import { tuningConfig } from './configuration.js'
import { loadPreset, presetConfig, presetNames } from './presets.js'

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
			optimizer: {
				name: 'adamw',
				learningRate: 1e-4,
				warmupRate: 1e-6,
				warmupEpochs: 1,
				warmup: 'constant',
				decay: 'cosine',
				betas: [0.9, 0.999],
				epsilon: 1e-8,
				momentum: 0.9,
				nesterov: false,
				weightDecay: 5e-4,
			},
			attack: {
				epsilon: 1 / 255,
				steps: 5,
				relativeStepSize: 0.3,
				start: 'zero',
				objective: 'cross-entropy',
				target: 'tuned',
				when: 'every-step',
			},
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
		[{ optimizer: { name: 'adam' } }, /adamw.*sgd/],
		[{ attack: { objective: 'feature-kl' } }, /gradient at the clean image is zero.*attack\.start/s],
		[{ loss: 'ramp', alpha: { kind: 'linear', alpha: 2 } }, /alpha/],
	])('refuses %j', (layer, message) => {
		expect(() => tuningConfig(layer)).toThrow(NaptuneError)
		expect(() => tuningConfig(layer)).toThrow(message)
	})
})

describe('what a method needs', () => {
	it('comes with its name, and gives way to what is set', () => {
		expect(tuningConfig({ defense: { name: 'coop' } }).loss).toBe('clean')
		expect(tuningConfig({ defense: { name: 'fap' } })).toMatchObject({
			loss: 'fap',
			alpha: { kind: 'constant', alpha: 1.5 },
			attack: { objective: 'kl-to-clean', start: 'uniform' },
		})
		expect(tuningConfig({ defense: { name: 'coop' }, loss: 'trades' }).loss).toBe('trades')
	})

	it('is no augmentation for a bank of features', () => {
		const bank = { defense: { name: 'advpt' }, augmentation: 'crop-and-flip' }
		expect(tuningConfig(bank)).toMatchObject({ augmentation: 'none', attack: { when: 'once' } })
	})
})

describe('presets', () => {
	it('are named, versioned and usable with every method that learns', async () => {
		const names = await presetNames()
		expect(names).toEqual([
			'ablation',
			'author',
			'demo',
			'fair',
			'fair-quick',
			'family',
			'paper',
			'photos',
			'precursor',
			'reference',
			'tiny',
			'transfer',
		])
		for (const name of names) {
			const preset = await loadPreset(name)
			expect(preset.name).toBe(name)
			expect(preset.doc.length).toBeGreaterThan(40)
			for (const [method, { schema, tuning }] of defenses) {
				if (!tuning) continue
				const { config, origin } = presetConfig(preset, method)
				expect(config.defense.name).toBe(method)
				expect(schema.safeParse(config.defense.options).error).toBeUndefined()
				expect(origin).toEqual({ preset, overrides: [] })
			}
		}
	})

	it("of the paper keeps the paper's settings", async () => {
		expect(presetConfig(await loadPreset('paper')).config).toEqual(
			tuningConfig({ defense: { name: 'nap', options: { refineFirst: true } } }),
		)
		expect(presetConfig(await loadPreset('precursor')).config).toEqual(tuningConfig())
	})

	it('of fair comparisons give every method the same shots, epochs, batches, inner steps and optimizer', async () => {
		for (const name of ['fair', 'fair-quick']) {
			const preset = await loadPreset(name)
			const budgets = [...defenses.keys()].slice(1).map((method) => {
				const { shots, epochs, batchSize, seed, attack } = presetConfig(preset, method).config
				const { epsilon, steps, relativeStepSize, start } = attack
				return { shots, epochs, batchSize, seed, epsilon, steps, relativeStepSize, start }
			})
			for (const budget of budgets) expect(budget).toEqual(budgets[0])
		}
	})

	it("of the references keep each method's own optimizer and attack", async () => {
		const preset = await loadPreset('reference')
		expect(presetConfig(preset, 'advpt').config).toMatchObject({
			defense: { options: {} },
			epochs: 100,
			batchSize: 32,
			optimizer: { name: 'sgd', learningRate: 0.002, warmupRate: 1e-5, momentum: 0.9 },
			attack: { epsilon: 8 / 255, steps: 10, relativeStepSize: 0.125, start: 'one-sided', objective: 'feature-kl' },
		})
		expect(presetConfig(preset, 'fap').config).toMatchObject({ epochs: 10, batchSize: 4, loss: 'fap' })
		expect(presetConfig(preset, 'advpt-vlj').config).toMatchObject({
			loss: 'half-and-half',
			optimizer: { name: 'sgd', learningRate: 0.0035 },
			attack: { steps: 2, relativeStepSize: 1, start: 'uniform' },
		})
	})

	it('let settings win, a method among them too', async () => {
		const preset = await loadPreset('paper')
		const { config, origin } = presetConfig(preset, undefined, {}, { defense: { name: 'fap' }, shots: 2 })
		expect(config).toMatchObject({ defense: { name: 'fap', options: {} }, shots: 2, alpha: { alpha: 1.5 } })
		expect(origin.overrides).toEqual([{ defense: { name: 'fap' }, shots: 2 }])
	})

	it('refuses an unknown name with the known ones', async () => {
		await expect(loadPreset('papers')).rejects.toThrow(/Unknown preset papers; choose one of .*demo.*paper/)
	})
})
