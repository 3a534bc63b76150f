import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { familyFixture, openFamily } from '../checkpoints/families.test.support.js'
import { at } from '../core/at.js'
import { float32 } from '../core/tensor.js'
import { initialParameters } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import { classify } from '../evaluation/deployed/classify.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { generator } from '../random/counter-based.js'
import { createClassifyService } from './classify-service.js'
import { createPicturePool } from './picture-pool.js'
import type { ServedModel } from './served-model.js'
import { servedRun, takesOtherClasses } from './served-run.js'
import { type Bench, createBench } from './server.test.support.js'

let bench: Bench
let model: ServedModel
beforeAll(async () => {
	bench = await createBench()
	const { engine, run, calibration } = bench
	const classifier = await deployedClassifier(engine, run.clip, run.defense, run.parameters)
	model = servedRun({ engine, run, classifier, calibration, falsePositiveRate: 0.05 })
})
afterAll(async () => {
	await model.release()
	await bench.close()
})

const options = { top: 3, correction: true }

describe('a served run', () => {
	it('answers as the job classify does, bit for bit, in batches of any company', async () => {
		const pictures = createPicturePool({ threads: 2, preparation: model.preparation, mostPixels: 1e6 })
		const stream = generator(3, 'company')
		const sizes: number[] = []
		for (const batchSize of [1, 2, 5, 8]) {
			const onBatch = ({ images }: { images: number }) => sizes.push(images)
			const service = createClassifyService({ model, pictures, batchSize, batchWindow: 2, onBatch })
			const order = Array.from({ length: 40 }, () => stream.below(bench.pictures.length))
			const answers = await Promise.all(
				order.map((index) => service.classify({ pictures: [{ bytes: at(bench.pictures, index) }], options })),
			)
			answers.forEach(({ images: [image] }, position) => {
				const { classes, refinement } = at(bench.expected, at(order, position))
				expect(image).toStrictEqual({
					classes,
					correction: { ...refinement?.correction, flagged: refinement?.heavilyCorrected },
				})
			})
		}
		expect(new Set(sizes).size).toBeGreaterThan(2)
		await pictures.close()
	})

	it('answers for other classes as a run of these classes does, bit for bit', async () => {
		const { engine, run } = bench
		const classNames = ['a red bicycle', 'the sea', 'cat', 'fog']
		const defense = prepareDefense('nap', run.clip, classNames, run.defense.config)
		const reference = await deployedClassifier(engine, run.clip, defense, run.parameters)
		const [, side] = model.inputShape
		const stream = generator(4, 'pixels')
		for (const count of [1, 2, 7]) {
			const data = Float32Array.from({ length: count * 3 * side * side }, () => stream.uniform())
			const pixels = float32([count, 3, side, side], data)
			const rows = await model.evaluate(pixels)
			const lease = await model.openVocabulary?.lease(classNames)
			const features = rows.map((row) => row.features ?? new Float32Array())
			const logits = await lease?.vocabulary.logits(features)
			lease?.end()
			const { logits: expected } = await reference.evaluate(pixels, ['logits'])
			expect(logits?.flatMap((row) => [...row])).toEqual([...(expected?.data ?? [])])
		}
		await reference.release()
	})

	it('tells probabilities of each class by itself where its model does, of its own classes and of others', async () => {
		const { clip } = await openFamily(familyFixture('siglip'))
		const classNames = ['cat', 'dog', 'ship']
		const defense = prepareDefense('nap', clip, classNames, { textPrompts: 2, visualPrompts: 2 })
		const parameters = await initialParameters(defense, 1)
		const classifier = await deployedClassifier(bench.engine, clip, defense, parameters)
		const folder = await temporaryFolder()
		const path = join(folder, 'one.png')
		await writeFile(path, at(bench.pictures, 0))
		const expected = []
		for await (const image of classify(clip, classifier, [path], { top: 3 })) expected.push(image.classes)
		const run = { clip, defense, parameters }
		const own = servedRun({ engine: bench.engine, run, classifier, falsePositiveRate: 0.05 })
		const pictures = createPicturePool({ threads: 1, preparation: own.preparation, mostPixels: 1e6 })
		const service = createClassifyService({ model: own, pictures, batchSize: 2, batchWindow: 0 })
		const sent = [{ bytes: at(bench.pictures, 0) }]
		for (const more of [{}, { classes: classNames }]) {
			const { images } = await service.classify({ pictures: sent, options: { ...options, ...more } })
			expect(images.map(({ classes }) => classes)).toStrictEqual(expected)
		}
		const sum = at(expected, 0).reduce((total, { probability }) => total + probability, 0)
		expect(Math.abs(sum - 1)).toBeGreaterThan(0.01)
		await pictures.close()
		await own.release()
	})

	it('refuses classes that read the same or are too long, with a code', async () => {
		const lease = (...names: string[]) => model.openVocabulary?.lease(names)
		await expect(lease('hot_dog', 'hot dog')).rejects.toMatchObject({ code: 'NAP_INPUT_UNSUITABLE' })
		await expect(lease('cat', 'word '.repeat(40))).rejects.toMatchObject({ code: 'NAP_TEXT_UNSUITABLE' })
	})
})

describe('takesOtherClasses', () => {
	it('tells parameters that belong to classes from those that do not', async () => {
		const { clip } = bench.run
		for (const [name, given] of [
			['nap', { textPrompts: 2, visualPrompts: 2 }],
			['coop', { textPrompts: 2 }],
			['advpt', { textPrompts: 2 }],
		] as const) {
			const defense = prepareDefense(name, clip, ['cat', 'dog'], given)
			expect(Object.keys(await initialParameters(defense, 1)).length).toBeGreaterThan(0)
			expect(takesOtherClasses({ clip, defense }), name).toBe(true)
			const [first = '', parameter] = [...defense.parameters][0] ?? []
			const shape = [defense.classNames.length, ...(parameter?.shape ?? [])]
			const perClass = new Map([...defense.parameters, [first, { ...parameter!, shape }]])
			expect(takesOtherClasses({ clip, defense: { ...defense, parameters: perClass } }), name).toBe(false)
		}
	})
})
