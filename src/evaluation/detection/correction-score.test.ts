import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { range, takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import { type Defense, fixedParameters, initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { ops } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { preparedImages } from '../robustness/evaluate.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

async function setting(name: string, options: Readonly<Record<string, unknown>>) {
	const clip = await tinyClip(await temporaryFolder())
	const dataset = tinyDataset()
	const defense = prepareDefense(name, clip, dataset.classNames, options)
	const parameters = await initialParameters(defense, 4)
	const images = await preparedImages(clip, dataset.test, range(0, 5))
	const classifier = await deployedClassifier(engine, clip, defense, parameters)
	return { defense, parameters, images, classifier }
}

/** The tokens on the way, as the engine yields them. */
async function tokens(
	defense: Defense,
	parameters: Readonly<Record<string, Tensor<'float32'>>>,
	images: Tensor<'float32'>,
) {
	const { tokenChanges } = defense.imageFeatures(
		ops.input('pixels', 'float32', ['B', 3, 16, 16]),
		fixedParameters(parameters),
	)
	const outputs = tokenChanges.flatMap(({ before, after, spread }, layer) => [
		[`before.${layer}`, before] as const,
		[`after.${layer}`, after] as const,
		...(spread ? [[`spread.${layer}`, spread] as const] : []),
	])
	const program = await engine.compile(Object.fromEntries(outputs))
	const values = await program.run({ pixels: images })
	await program.release()
	return { layers: tokenChanges.length, of: (name: string) => values[name] as Tensor<'float32'> }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const length = (values: Iterable<number>) => Math.sqrt([...values].reduce((sum, value) => sum + value * value, 0))

describe('correction scores', () => {
	it('are relative sizes of corrections and of disagreements, worked out anew in double precision', async () => {
		const options = { textPrompts: 2, visualPrompts: 2, refineFirst: true, refinerEnsemble: 3, refinerGate: 'token' }
		const { defense, parameters, images, classifier } = await setting('nap', options)
		const { correction, disagreement } = await classifier.evaluate(images, ['correction', 'disagreement'])
		const { layers, of } = await tokens(defense, parameters, images)
		expect(layers).toBe(2)
		const [, count, width] = of('before.0').shape as [number, number, number]
		expect([count, width]).toEqual([5, 24])
		for (let image = 0; image < 5; image++) {
			const token = (name: string, at: number) => [
				...of(name).data.subarray((image * count + at) * width, (image * count + at + 1) * width),
			]
			const byLayer = (one: (layer: number, at: number) => number) =>
				mean(range(0, layers).map((layer) => mean(range(0, count).map((at) => one(layer, at)))))
			const expected = byLayer((layer, at) => {
				const before = token(`before.${layer}`, at)
				const after = token(`after.${layer}`, at)
				return length(after.map((value, index) => value - before[index]!)) / length(before)
			})
			const spread = byLayer((layer, at) => {
				const own = of(`spread.${layer}`).data[image * count + at]!
				return own / (length(token(`before.${layer}`, at)) / Math.sqrt(width))
			})
			expect(correction!.shape).toEqual([5])
			expect(correction!.data[image]).toBeCloseTo(expected, 5)
			expect(disagreement!.data[image]).toBeCloseTo(spread, 5)
			expect(spread).toBeGreaterThan(0)
		}
		await classifier.release()
	})

	it('are there only where something is refined, and disagreements only of ensembles', async () => {
		const usual = await setting('nap', { textPrompts: 2, visualPrompts: 2 })
		expect(usual.classifier.taps).toEqual(['logits', 'imageFeatures', 'correction'])
		const without = await setting('nap', { textPrompts: 2, visualPrompts: 2, visualRefiner: false })
		expect(without.classifier.taps).toEqual(['logits', 'imageFeatures'])
		expect((await setting('coop', { textPrompts: 2 })).classifier.taps).toEqual(['logits', 'imageFeatures'])
	})

	it('have the same bytes for any batch and place in it', async () => {
		const { classifier, images } = await setting('nap', { textPrompts: 2, visualPrompts: 2, refinerEnsemble: 2 })
		const names = ['correction', 'disagreement']
		const whole = await classifier.evaluate(images, names)
		for (const order of [[4], [3, 1], [2, 4, 0]]) {
			const part = await classifier.evaluate(takeRows(images, order), names)
			for (const name of names) expect(part[name]).toEqual(takeRows(whole[name]!, order))
		}
	})

	it('are zero for refiners that start at zero', async () => {
		const { classifier, images } = await setting('nap', { textPrompts: 2, visualPrompts: 2, refinerInit: 'zero-last' })
		expect([...(await classifier.evaluate(images, ['correction'])).correction!.data]).toEqual([0, 0, 0, 0, 0])
	})
})
