import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import type { Tensor } from '../../core/tensor.js'
import { fixedParameters } from '../../defenses/defense.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { ops } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { preparedImages } from '../robustness/evaluate.js'
import { classNames, tinyModel } from '../test-time/test-time.test.support.js'
import { tokenStatistics } from './token-statistics.js'

describe('token statistics', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	it('are means and variances of the tokens of all training images, as they are and attacked', async () => {
		const model = await tinyModel(await temporaryFolder(), 'nap', { textPrompts: 2, visualPrompts: 2 })
		const { clip, defense, parameters } = model
		const classifier = await deployedClassifier(engine, clip, defense, parameters)
		// More than one batch of 16.
		const training = tinyDataset(classNames, { train: 7 }).train
		const options = { images: 100, epsilon: 4 / 255, steps: 3, relativeStepSize: 0.4, seed: 6 }
		const found = await tokenStatistics(engine, model, classifier, training, options)

		const all = Array.from({ length: 21 }, (_, index) => index)
		const clean = await preparedImages(clip, training, all)
		const batch = { images: clean, labels: all.map(training.label), ids: all.map(training.id) }
		const attack = prepareAttack('pgd', { steps: 3, relativeStepSize: 0.4, start: 'zero' })
		const attacked = await attackBatch(attack, classifier, batch, threatModel('linf', 4 / 255), imageStreams(6))
		const pixels = ops.input('pixels', 'float32', ['B', 3, 16, 16])
		const { layerInputs } = defense.imageFeatures(pixels, fixedParameters(parameters))
		const program = await engine.compile(Object.fromEntries(layerInputs.map((value, at) => [`${at}`, value])))
		for (const [part, own] of [
			['clean', clean],
			['adversarial', attacked],
		] as const) {
			const outputs = await program.run({ pixels: own })
			expect(found[part]).toHaveLength(2)
			for (const [layer, { mean, variance }] of found[part].entries()) {
				const { shape, data } = outputs[`${layer}`] as Tensor<'float32'>
				expect(mean.shape).toEqual(shape.slice(1))
				for (let at = 0; at < mean.data.length; at += 13) {
					const values = all.map((row) => data[row * mean.data.length + at]!)
					const average = values.reduce((sum, value) => sum + value, 0) / 21
					const spread = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / 20
					expect(mean.data[at]).toBeCloseTo(average, 5)
					expect(variance.data[at]).toBeCloseTo(spread, 5)
				}
			}
		}
		expect(found.clean[1]!.mean.data).not.toEqual(found.adversarial[1]!.mean.data)
		const fewer = await tokenStatistics(engine, model, classifier, training, { ...options, images: 6 })
		expect(fewer.clean[0]!.mean.data).not.toEqual(found.clean[0]!.mean.data)
		await program.release()
		await classifier.release()
	})
})
