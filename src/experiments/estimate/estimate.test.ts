import { describe, expect, it } from 'vitest'
import { embeddedModel } from '../../checkpoints/checkpoint.js'
import { loadClip } from '../../checkpoints/load-clip.js'
import { tuningConfig } from '../../methods/tuning/configuration.js'
import { loadPreset, presetConfig } from '../../methods/tuning/presets.js'
import { experimentOf } from '../definition.js'
import { planExperiment } from '../plan.js'
import { loadPaperTargets } from '../targets.js'
import { attackPasses, tuningPasses } from './cell-passes.js'
import { cellsToMeasure, costRows, rateKey } from './estimate.js'
import { expectedAccuracy } from './expected-accuracy.js'
import type { MethodRates } from './measure-rates.js'
import { plannedDataset } from './planned-data.js'

const targets = await loadPaperTargets()
const flowers = plannedDataset('oxford-flowers')!
const models = [{ name: 'nano', clip: await loadClip(embeddedModel) }]

describe('passes of a cell', () => {
	it('of tuning follow steps, inner attack and loss', () => {
		// The paper on EuroSAT: 160 images in one step of each of 90 epochs, five inner steps and two sides of the loss.
		expect(tuningPasses(tuningConfig(), { classes: 10, train: 13500 })).toEqual({
			images: 160,
			steps: 90,
			visits: 14400,
			banked: 0,
			gradients: 14400 * 7,
		})
		const coop = tuningConfig({ defense: { name: 'coop' }, batchSize: 32, epochs: 200 })
		expect(tuningPasses(coop, { classes: 10, train: 13500 })).toMatchObject({ steps: 1000, gradients: 32000 })
	})

	it('of a bank are those of its images alone', async () => {
		const { config } = presetConfig(await loadPreset('reference'), 'advpt')
		expect(tuningPasses(config, { classes: 10, train: 13500 })).toMatchObject({ banked: 160, gradients: 1600 })
	})

	it('of attacks leave alone what is wrong or fooled', async () => {
		const definition = experimentOf({
			name: 'own',
			epsilon: '1/255',
			methods: ['vanilla'],
			conditions: ['clean', 'pgd-100', 'autoattack', { attack: 'mi-cwa', madeOn: 'classifiers' }],
			surrogates: { classifiers: [{}], substitute: {} },
			images: 100,
		})
		const { cells } = planExperiment({ definition, preset: await loadPreset('paper'), models, datasets: [flowers] })
		const [pgd, all, made] = cells[0]!.attacks
		const passes = attackPasses(pgd!, 102, { clean: 0.5, robust: 0.1 })
		expect(passes.gradients).toBe(50 * 100)
		const whole = attackPasses(all!, 102, { clean: 0.5, robust: 0.5 }).gradients
		const fooled = attackPasses(all!, 102, { clean: 0.5, robust: 0 }).gradients
		// APGD-CE on all that are right, nothing afterwards.
		expect(fooled).toBe(50 * 101)
		expect(whole / 50).toBeGreaterThan(1800)
		expect(attackPasses(made!, 102, { clean: 1, robust: 1 })).toEqual({ evaluations: 200, gradients: 0 })
	})
})

describe('what is expected', () => {
	it("is the paper's cell, the mean of its row, or that of the most alike method", () => {
		const place = { method: 'nap', dataset: 'caltech101' }
		expect(expectedAccuracy(targets, { ...place, model: 'ViT-B/16' })).toMatchObject({
			clean: 0.924,
			robust: expect.closeTo(0.808),
		})
		expect(expectedAccuracy(targets, { ...place, model: 'ViT-B/32' })).toMatchObject({
			clean: expect.closeTo(0.898),
			robust: expect.closeTo(0.779),
		})
		expect(expectedAccuracy(targets, place)).toMatchObject({
			clean: expect.closeTo(0.7348),
			robust: expect.closeTo(0.4995),
		})
		expect(expectedAccuracy(targets, { ...place, method: 'coop', model: 'ViT-B/16' }).robust).toBeCloseTo(0.283)
	})

	it('of data that are not there are the published counts', () => {
		expect([flowers.classNames.length, flowers.train.length, flowers.test.length]).toEqual([102, 4093, 2463])
		expect(plannedDataset('photos')).toBeUndefined()
	})
})

it('adds up rates by passes, and counts what experiments share once', async () => {
	const preset = await loadPreset('paper')
	const definitions = ['one', 'two'].map((name) =>
		experimentOf({ name, epsilon: '1/255', methods: ['vanilla', 'nap'], conditions: ['pgd-100'], images: 10 }),
	)
	const plans = definitions.map((definition) => planExperiment({ definition, preset, models, datasets: [flowers] }))
	const measured = cellsToMeasure(plans)
	expect(measured.size).toBe(4)
	const each = (wall: number) => ({ wall, processor: 2 * wall })
	const rates: MethodRates = {
		visit: each(0.1),
		textClass: each(0.01),
		bank: each(0),
		evaluation: each(0.02),
		gradient: each(0.05),
		runBytes: 1000,
		resident: { bytes: 1e9, microBatch: 4 },
		trainableParameters: 1,
	}
	const known = new Map([...measured.keys()].map((key) => [key, rates]))
	const [first, second] = costRows(plans, { targets, rates: known, surrogates: new Map() })
	// 102 classes of 16 images: 3 steps of 512 in each of 90 epochs.
	const tuning = 90 * 3 * 512 * 0.1 + 90 * 3 * 102 * 0.01
	expect(first!.tuning.wall).toBeCloseTo(tuning, 6)
	expect(first!.tuning.processor).toBeCloseTo(2 * tuning, 6)
	expect(first).toMatchObject({ runs: 1, attacks: 2, tuningGradients: 90 * 3 * 512 * 7 })
	const right = 10 * (0.6531 + 0.7348)
	expect(first!.attacking.wall).toBeCloseTo(right * 100 * 0.05 + (20 + right) * 0.02, 3)
	expect(first!.peakBytes).toBeCloseTo(1e9 * (0.5 + 0.5 * (32 / 4)))
	expect(second).toMatchObject({ runs: 0, attacks: 0, tuningGradients: 0 })
	expect(rateKey(plans[0]!, plans[0]!.cells[0]!)).not.toBe(rateKey(plans[1]!, plans[1]!.cells[0]!))
})
