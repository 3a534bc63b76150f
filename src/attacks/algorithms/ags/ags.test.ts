import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { featureCosine } from '../../../classifier/objectives/feature-cosine.js'
import { takeRows } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { attackBatch } from '../../run/attack-batch.js'
import { rowsOf } from '../../run/attack-round.js'
import { type ImageStreams, imageStreams } from '../../run/image-streams.js'
import { perturbationSizes } from '../../sets/check-perturbation.js'
import {
	bytesOf,
	replay,
	shareEqual,
	type TransferGolden,
	transferEpsilon,
	transferGolden,
	transferPixels,
	transferThreat,
} from '../transfer/transfer.test.support.js'
import { type AgsOptions, ags } from './ags.js'

const streams = imageStreams(1)

let engine: Engine
let golden: TransferGolden
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	golden = await transferGolden(engine)
})
afterAll(() => engine.close())

const attack = (options: AgsOptions, given = golden.batch, own: ImageStreams = streams) =>
	attackBatch(
		ags.prepare({ surrogates: [golden.surrogates[0]!], ...options }),
		golden.surrogates[0]!.classifier,
		given,
		transferThreat,
		own,
	)

describe('AGS', () => {
	it.each([1, 2, 6])('makes the images of PyTorch, after %i steps', async (steps) => {
		const own: ImageStreams = (id) => {
			const row = golden.batch.ids.indexOf(id)
			return replay({
				uniform: golden
					.values('uniform')
					.subarray(row * 90, row * 90 + 90)
					.values(),
			})
		}
		const { data } = await attack({ steps }, golden.batch, own)
		expect(shareEqual(data, golden.values('ags').subarray((steps - 1) * transferPixels, steps * transferPixels))).toBe(
			1,
		)
	})

	it('turns the features away, using no labels', async () => {
		const { classifier } = golden.surrogates[0]!
		const { objective, sideInputs } = featureCosine('features', 12)
		const side = await sideInputs(classifier, golden.batch)
		const distances = async (images: Tensor<'float32'>) => [
			...(await classifier.gradient(images, objective, side)).loss.data,
		]
		const made = await attack({ steps: 60 })
		const start = await attack({ steps: 1, stepSize: 1e-9 })
		const [far, near] = [await distances(made), await distances(start)]
		for (const [row, distance] of far.entries()) expect(distance).toBeGreaterThan(2 * near[row]!)
		expect(Math.max(...(await distances(golden.batch.images)).map(Math.abs))).toBeLessThan(1e-6)
		const relabelled = { ...golden.batch, labels: golden.batch.labels.map((label) => (label + 1) % 4) }
		expect(bytesOf(await attack({ steps: 60 }, relabelled))).toBe(bytesOf(made))
		expect(Math.max(...perturbationSizes(golden.batch.images, made, 'linf'))).toBeLessThanOrEqual(transferEpsilon)
	})

	it('gives an image the same bytes in any batch and order', async () => {
		const whole = await attack({ steps: 4 })
		const order = [3, 1, 4, 0, 2]
		expect(bytesOf(await attack({ steps: 4 }, rowsOf(golden.batch, order)))).toBe(bytesOf(takeRows(whole, order)))
		expect(bytesOf(await attack({ steps: 4 }, rowsOf(golden.batch, [2])))).toBe(bytesOf(takeRows(whole, [2])))
	})

	it('has the constants of its reference, as multiples of epsilon', () => {
		const { options, reads, attack: name } = prepareAttack('ags', { surrogates: [golden.surrogates[0]!] })
		expect([name, reads.model, reads.labels]).toEqual(['ags', 'nothing', false])
		expect(options).toMatchObject({ tap: 'features', steps: 300, relativeStepSize: 1 / 25.5, decay: 1 })
		expect(prepareAttack('ags', { stepSize: 0.01 }).options.relativeStepSize).toBeUndefined()
		expect(() => prepareAttack('ags', { stepSize: 0.01, relativeStepSize: 1 })).toThrow(/not both/)
	})

	it('refuses several substitutes, none, and a tap that is not there', async () => {
		await expect(attack({ surrogates: [...golden.surrogates] })).rejects.toThrow(
			/works on one substitute; 3 were given/,
		)
		await expect(attack({ surrogates: [] })).rejects.toThrow(/none were given/)
		await expect(attack({ tap: 'layer2' })).rejects.toThrow(/layer2; the classifier offers: logits, features/)
	})
})
