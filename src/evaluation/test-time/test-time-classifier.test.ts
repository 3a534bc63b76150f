import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadClip } from '../../checkpoints/load-clip.js'
import type { Classifier } from '../../classifier/classifier.js'
import { crossEntropyObjective } from '../../classifier/objectives/objective.js'
import { defined } from '../../core/defined.js'
import { joinRows, range, takeRows } from '../../core/rows.js'
import { int64, type Tensor } from '../../core/tensor.js'
import { loadCifar10Mini } from '../../data/cifar10-mini.js'
import { initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { chooseTestTimeDefense } from '../../defenses/test-time/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { preparedImages } from '../robustness/evaluate.js'
import { bytes, classNames, tinyImages, tinyModel } from './test-time.test.support.js'
import { testTimeClassifier } from './test-time-classifier.js'

const napOptions = { textPrompts: 2, visualPrompts: 2, contextDeviation: 0.5 }
const views = { views: 6, selected: 0.5, smallestCrop: 0.3 }
const training = tinyDataset(classNames).train
const images = tinyImages(5)
const labels = [0, 1, 2, 1, 0]
const side = (rows: readonly number[]) => ({
	labels: int64(
		[rows.length],
		rows.map((row) => labels[row]!),
	),
})

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

async function around(defense: string, name: string, options: object = {}): Promise<Classifier> {
	const model = await tinyModel(await temporaryFolder(), defense, defense === 'nap' ? napOptions : {})
	return testTimeClassifier(engine, model, chooseTestTimeDefense(name, { ...options }), training)
}

describe.each([
	['nap', 'ttc', { threshold: 0.1 }],
	['vanilla', 'ttc', {}],
	['nap', 'r-tpt', views],
	['vanilla', 'r-tpt', views],
	['nap', 'tapt', { ...views, statisticsImages: 6 }],
	['advpt-vli', 'tapt', { ...views, optimizer: 'sgd' }],
])('%s with %s around it', (defense, name, options) => {
	it('gives an image the same bytes in any batch, and a finite gradient', async () => {
		const classifier = await around(defense, name, options)
		expect(classifier.classNames).toEqual(classNames)
		// A changed image goes through the model itself, with all that can be read of it.
		const own = defense === 'nap' && name === 'ttc' ? ['correction'] : []
		expect(classifier.taps).toEqual(['logits', 'imageFeatures', ...own])
		const whole = await classifier.evaluate(images, ['logits', 'imageFeatures'])
		const gradient = await classifier.gradient(images, crossEntropyObjective, side(range(0, 5)))
		expect([whole.logits!.shape, whole.imageFeatures!.shape]).toEqual([
			[5, 3],
			[5, 12],
		])
		expect(gradient.gradient.data.every(Number.isFinite)).toBe(true)
		expect(Math.hypot(...gradient.gradient.data)).toBeGreaterThan(1e-3)
		for (const rows of [[0], [3, 1], [4, 0, 2, 2]]) {
			const part = takeRows(images, rows)
			const seen = await classifier.evaluate(part, ['logits', 'imageFeatures'])
			const slopes = await classifier.gradient(part, crossEntropyObjective, side(rows))
			expect(bytes(seen.logits!)).toBe(bytes(takeRows(whole.logits!, rows)))
			expect(bytes(seen.imageFeatures!)).toBe(bytes(takeRows(whole.imageFeatures!, rows)))
			const expected = takeRows(gradient.gradient, rows)
			if (name !== 'ttc') expect(bytes(slopes.gradient)).toBe(bytes(expected))
			// Batches of the tiny CLIP's odd sizes are not even the plain model's gradients to the byte; see nano below.
			const worst = Math.max(...slopes.gradient.data.map((value, at) => Math.abs(value - expected.data[at]!)))
			expect(worst).toBeLessThan(1e-5)
		}
		await classifier.release()
	})
})

describe('prompts that do not move', () => {
	it.each([
		['nap', 'r-tpt', 'adamw'],
		['vanilla', 'r-tpt', 'sgd'],
		['nap', 'tapt', 'adamw'],
	])('of %s under %s with %s at rate 0 are the defense without the update', async (defense, name, optimizer) => {
		const own = { ...views, ...defined({ statisticsImages: name === 'tapt' ? 6 : undefined }) }
		const still = await around(defense, name, { ...own, optimizer, learningRate: 0 })
		const without = await around(defense, name, { ...own, steps: 0 })
		const moved = await around(defense, name, { ...own, optimizer, learningRate: 0.05 })
		const logits = async (classifier: Classifier) => (await classifier.evaluate(images, ['logits'])).logits!
		const apart = (a: Tensor<'float32'>, b: Tensor<'float32'>) =>
			Math.max(...a.data.map((value, at) => Math.abs(value - b.data[at]!)))
		const expected = await logits(without)
		// The prompts are the same to the bit, but computed at every run: products with them take other kernels than those
		// with constants, which sum in another order.
		expect(apart(await logits(still), expected)).toBeLessThan(1e-5)
		expect(apart(await logits(moved), expected)).toBeGreaterThan(1e-3)
		for (const classifier of [still, without, moved]) await classifier.release()
	})

	it('leave TAPT with the logits of the defense itself', async () => {
		const model = await tinyModel(await temporaryFolder(), 'nap', napOptions)
		const plain = await deployedClassifier(engine, model.clip, model.defense, model.parameters)
		const tapt = chooseTestTimeDefense('tapt', { ...views, steps: 0 })
		const adapted = await testTimeClassifier(engine, model, tapt, training)
		const expected = (await plain.evaluate(images, ['logits'])).logits!
		// A single row takes other kernels than two, which sum in another order.
		for (const [at, value] of (await adapted.evaluate(images, ['logits'])).logits!.data.entries()) {
			expect(value).toBeCloseTo(expected.data[at]!, 4)
		}
		await plain.release()
		await adapted.release()
	})
})

describe('what does not fit', () => {
	it('is refused: no prompts for TAPT, no training images', async () => {
		await expect(around('vanilla', 'tapt')).rejects.toThrow(/vanilla has none. Use it with advpt-vli or nap/)
		const model = await tinyModel(await temporaryFolder(), 'nap', napOptions)
		const tapt = chooseTestTimeDefense('tapt')
		await expect(testTimeClassifier(engine, model, tapt)).rejects.toThrow(/tapt needs training images/)
		const one = { ...training, length: 1 }
		await expect(testTimeClassifier(engine, model, tapt, one)).rejects.toThrow(/at least 2 training images; got 1/)
	})
})

describe('TTC around nano', () => {
	it('gives the same bytes for any batch size and number of threads', async () => {
		// Products as large as nano's are shared among threads.
		const clip = await loadClip(fileURLToPath(new URL('../../../models/nano', import.meta.url)))
		const { test, classNames: names } = await loadCifar10Mini()
		const defense = prepareDefense('nap', clip, names, { textPrompts: 3, visualPrompts: 3, contextDeviation: 0.5 })
		const model = { clip, defense, parameters: await initialParameters(defense, 5) }
		const pixels = await preparedImages(clip, test, range(0, 33))
		const two = await createEngine({ threads: 2 })
		const seen = async (own: ModelEngine, batches: readonly (readonly number[])[]) => {
			const classifier = await testTimeClassifier(own, model, chooseTestTimeDefense('ttc'))
			const parts: { readonly logits: Tensor<'float32'>; readonly gradient: Tensor<'float32'> }[] = []
			for (const rows of batches) {
				const labels = rows.map((row) => row % 10)
				const side = { labels: int64([rows.length], labels) }
				const found = await classifier.gradient(takeRows(pixels, rows), crossEntropyObjective, side)
				parts.push({ logits: found.taps.logits!, gradient: found.gradient })
			}
			await classifier.release()
			return (['logits', 'gradient'] as const).map((part) => bytes(joinRows(parts.map((own) => own[part]))))
		}
		const expected = await seen(engine, [range(0, 33)])
		const single = range(0, 33).map((row) => [row])
		expect(await seen(engine, single)).toEqual(expected)
		expect(await seen(two, [range(0, 17), range(17, 33)])).toEqual(expected)
		await two.close()
	})
})
