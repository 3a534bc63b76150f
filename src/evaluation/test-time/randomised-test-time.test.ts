import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Classifier } from '../../classifier/classifier.js'
import { crossEntropyObjective } from '../../classifier/objectives/objective.js'
import { range, takeRows } from '../../core/rows.js'
import { int64, type Tensor } from '../../core/tensor.js'
import { chooseTestTimeDefense } from '../../defenses/test-time/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { bytes, classNames, tinyImages, tinyModel } from './test-time.test.support.js'
import { testTimeClassifier } from './test-time-classifier.js'

const napOptions = { textPrompts: 2, visualPrompts: 2, contextDeviation: 0.5 }
const views = { views: 6, selected: 0.5, smallestCrop: 0.3 }
const training = tinyDataset(classNames).train
const images = tinyImages(4)
const labels = [0, 1, 2, 1]
const side = (rows: readonly number[]) => ({
	labels: int64(
		[rows.length],
		rows.map((row) => labels[row]!),
	),
})
const logits = async (classifier: Classifier, rows = range(0, 4)): Promise<Tensor<'float32'>> =>
	(await classifier.evaluate(takeRows(images, rows), ['logits'])).logits!
const apart = (a: Tensor<'float32'>, b: Tensor<'float32'>) =>
	Math.max(...a.data.map((value, at) => Math.abs(value - b.data[at]!)))

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

describe.each([
	['ttc', { threshold: 0.1, epsilon: 0.1 }],
	['r-tpt', views],
	['tapt', { ...views, statisticsImages: 6, optimizer: 'sgd', learningRate: 0.05 }],
])('%s with hidden numbers', (name, options) => {
	it('draws anew, the same for the same index, and batches do not matter', async () => {
		const model = await tinyModel(await temporaryFolder(), 'nap', napOptions)
		const around = (own: object) =>
			testTimeClassifier(engine, model, chooseTestTimeDefense(name, { ...options, ...own }), training)
		const known = await around({})
		const classifier = await around({ randomised: true })
		expect(known.draw).toBeUndefined()
		expect(classifier.taps).toEqual(known.taps)
		const deployed = await logits(classifier)
		// Numbers that are fed may go through other kernels than constants.
		expect(apart(deployed, await logits(known))).toBeLessThan(1e-5)
		expect(bytes(await logits(classifier.draw!(0)))).toBe(bytes(deployed))
		const [one, two, again] = [classifier.draw!(1), classifier.draw!(2), classifier.draw!(1)]
		expect(bytes(await logits(one))).toBe(bytes(await logits(again)))
		expect(apart(await logits(one), deployed)).toBeGreaterThan(1e-4)
		expect(apart(await logits(one), await logits(two))).toBeGreaterThan(1e-4)
		// An attacker sees gradients of draws that are not the deployed one.
		const slope = (own: Classifier) => own.gradient(images, crossEntropyObjective, side(range(0, 4)))
		const told = await slope(classifier)
		const first = await slope(one)
		expect(bytes(told.gradient)).toBe(bytes(first.gradient))
		expect(bytes(told.taps.logits!)).toBe(bytes(first.taps.logits!))
		expect(bytes(told.gradient)).not.toBe(bytes((await slope(known)).gradient))
		for (const rows of [[2], [3, 1]]) {
			expect(bytes(await logits(classifier, rows))).toBe(bytes(takeRows(deployed, rows)))
			expect(bytes(await logits(two, rows))).toBe(bytes(takeRows(await logits(two), rows)))
		}
		await one.release()
		expect(bytes(await logits(two))).not.toBe(bytes(deployed))
		await classifier.release()
		await known.release()
	})

	it('says so in the record, and nothing where they are known', () => {
		expect(chooseTestTimeDefense(name, { randomised: true }).options).toMatchObject({ randomised: true })
		for (const own of [{}, { randomised: false }]) {
			expect(chooseTestTimeDefense(name, own).options).not.toHaveProperty('randomised')
		}
	})
})
