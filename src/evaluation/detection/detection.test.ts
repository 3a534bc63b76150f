import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { wilsonInterval } from '../../statistics/wilson.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { evasionObjective } from '../retrieval/evasion-objective.js'
import { type DetectionInput, measureDetection, summarizeDetection } from './detection.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

describe('summarizeDetection', () => {
	it('counts as one does by hand', () => {
		const image = (prediction: number, correction: number) => ({ prediction, correction })
		const outcomes = [
			{ id: 'a', label: 0, clean: image(0, 1), attacked: [image(1, 30)] },
			{ id: 'b', label: 1, clean: image(1, 2), attacked: [image(0, 3)] },
			{ id: 'c', label: 1, clean: image(0, 40), attacked: [image(1, 25)] },
			{ id: 'd', label: 0, clean: image(0, 4), attacked: [image(0, 0)] },
		]
		const calibration = { scores: { correction: Array.from({ length: 19 }, (_, index) => index + 1) } }
		const result = summarizeDetection(outcomes, [{ name: 'pgd-x', objective: 'o' }], calibration, 0.05)
		const share = (count: number) => ({ share: count / 4, interval: wilsonInterval(count, 4) })
		expect(result).toEqual({
			images: 4,
			falsePositiveRate: 0.05,
			cleanAccuracy: { accuracy: 3 / 4, interval: wilsonInterval(3, 4) },
			falsePositives: [{ score: 'correction', ...share(1) }],
			attacks: [
				{
					attack: 'pgd-x',
					objective: 'o',
					accuracy: { accuracy: 2 / 4, interval: wilsonInterval(2, 4) },
					scores: [
						{
							score: 'correction',
							detected: share(2),
							// 30 beats 1, 2, 4; 3 beats 1, 2; 25 beats 1, 2, 4; 0 beats none.
							areaUnderRoc: 8 / 16,
							wrongAndUndetected: share(1),
						},
					],
				},
			],
		})
	})
})

describe('measureDetection', () => {
	async function setting(batchSize: number): Promise<DetectionInput> {
		const clip = await tinyClip(await temporaryFolder())
		const dataset = tinyDataset()
		const options = { textPrompts: 2, visualPrompts: 2, refinerEnsemble: 2 }
		const defense = prepareDefense('nap', clip, dataset.classNames, options)
		const classifier = await deployedClassifier(engine, clip, defense, await initialParameters(defense, 6))
		const attack = { steps: 8 }
		const evading = evasionObjective(100, ['correction', 'disagreement'])
		return {
			clip,
			classifier,
			split: dataset.test,
			attacks: [prepareAttack('pgd-20', attack), prepareAttack('pgd-20', { ...attack, objective: evading })],
			threatModel: threatModel('linf', 16 / 255),
			seed: 1,
			calibration: { scores: { correction: [0.1, 0.2], disagreement: [0.1, 0.2] } },
			falsePositiveRate: 0.5,
			batchSize,
		}
	}

	it('finds the same for any batch size; an attacker who knows the scores lowers them', async () => {
		const result = await measureDetection(await setting(12))
		const again = await measureDetection(await setting(5))
		expect(again).toEqual(result)
		expect(result.outcomes.map(({ id }) => id)).toEqual(Array.from({ length: 12 }, (_, index) => `test/${index}`))
		for (const score of ['correction', 'disagreement'] as const) {
			const mean = (at: number) => result.outcomes.reduce((sum, { attacked }) => sum + attacked[at]![score]!, 0) / 12
			const clean = result.outcomes.reduce((sum, one) => sum + one.clean[score]!, 0) / 12
			expect(mean(1)).toBeLessThan(mean(0))
			expect(mean(1)).toBeLessThan(clean)
		}
		expect(result.attacks[1]?.objective).toBe('cross-entropy minus 100 times correction and disagreement')
	})

	it('refuses targets and no images', async () => {
		const input = await setting(12)
		const attacks = [prepareAttack('pgd-20', { targeted: true })]
		await expect(measureDetection({ ...input, attacks })).rejects.toThrow(/untargeted/)
		await expect(measureDetection({ ...input, split: { ...input.split, length: 0 } })).rejects.toThrow(/no images/)
	})
})
