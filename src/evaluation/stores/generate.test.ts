import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Surrogate, SurrogateReading } from '../../attacks/algorithms/transfer/surrogate.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { createGraphClassifier } from '../../classifier/graph-classifier.js'
import { noise } from '../../classifier/graphs.test.support.js'
import { predictions } from '../../classifier/predictions.js'
import { type Split, subset } from '../../data/dataset.js'
import { initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { ops } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { recordedEvaluation } from '../robustness/recorded-evaluation.js'
import { readAdversarialImages } from './adversarial-images.js'
import { type GenerateInput, generateAdversarialImages } from './generate.js'
import { scoreAdversarialImages, storedAttack } from './stored-attack.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** A random classifier of images of a size; one tap is the hidden layer. */
async function surrogate(name: string, size: number, classNames = tinyDataset().classNames): Promise<Surrogate> {
	const pixels = 3 * size * size
	const first = ops.literal(noise([16, pixels], `${name} first`, 0.3))
	const second = ops.literal(noise([classNames.length, 16], `${name} second`, 1))
	const classifier = await createGraphClassifier({
		engine,
		classNames,
		imageShape: [3, size, size],
		build: (images) => {
			const features = ops.quickGelu(ops.linear(ops.sub(ops.reshape(images, [-1, pixels]), 0.5), first, null))
			return { logits: ops.linear(features, second, null), features }
		},
	})
	return { name, sha256: name.slice(-1).repeat(64), classifier }
}

async function setting() {
	const folder = await temporaryFolder()
	const clip = await tinyClip(join(folder, 'model'))
	const dataset = tinyDataset()
	return {
		folder: join(folder, 'store'),
		engine,
		clip,
		dataset,
		splitName: 'test',
		split: dataset.test,
		attack: 'mi-cwa',
		options: { steps: 3 },
		// The second reads smaller images than the model.
		surrogates: [await surrogate('network a', 16), await surrogate('network b', 12)],
		threatModel: { norm: 'linf', epsilon: 16 / 255 },
		seed: 5,
		batchSize: 5,
	} as const satisfies GenerateInput
}
const allPixels = async (folder: string) => {
	const store = await readAdversarialImages(folder)
	const order = Array.from({ length: store.ids.length }, (_, index) => store.position(`test/${index}`))
	return store.pixels(order)
}

describe('generateAdversarialImages', () => {
	it('attacks every image once and says how in the manifest', async () => {
		const input = await setting()
		const seen: (readonly number[])[] = []
		let gradients = 0
		const generated = await generateAdversarialImages({
			...input,
			onProgress: (done, total) => seen.push([done, total]),
			onGradient: (images, perImage) => {
				gradients += images / perImage
			},
		})
		expect(generated).toMatchObject({ made: 12, before: 0 })
		expect(seen).toEqual([
			[5, 12],
			[10, 12],
			[12, 12],
		])
		expect(gradients).toBeCloseTo(12)
		const store = await readAdversarialImages(input.folder)
		expect(store.manifest).toEqual(generated!.manifest)
		const models = [
			{ name: 'network a', sha256: 'a'.repeat(64) },
			{ name: 'network b', sha256: 'b'.repeat(64) },
		]
		expect(store.manifest).toMatchObject({
			attack: { name: 'mi-cwa', attack: 'cwa', options: { steps: 3, variant: 'mi', surrogates: models } },
			models,
			threatModel: { norm: 'linf', epsilon: 16 / 255 },
			seed: 5,
			imageShape: [3, 16, 16],
			dataset: { name: 'tiny', split: 'test', classNames: ['cat', 'dog', 'ship'] },
			versions: { engine: engine.version, device: 'cpu' },
		})
		expect(store.labels).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
	})

	it('makes the same bytes in other batches, stopped and gone on with, or for fewer images first', async () => {
		const input = await setting()
		await generateAdversarialImages(input)
		const whole = await allPixels(input.folder)

		const stop = new AbortController()
		const resumed = { ...input, folder: `${input.folder}-resumed`, batchSize: 3 }
		const stopped = await generateAdversarialImages({
			...resumed,
			signal: stop.signal,
			onProgress: (done) => {
				if (done === 6) stop.abort()
			},
		})
		expect(stopped).toBeUndefined()
		expect((await readAdversarialImages(resumed.folder)).ids.length).toBe(6)
		expect(await generateAdversarialImages({ ...resumed, batchSize: 4 })).toMatchObject({ made: 6, before: 6 })
		expect(await allPixels(resumed.folder)).toEqual(whole)

		const fewer = { ...input, folder: `${input.folder}-fewer` }
		await generateAdversarialImages({ ...fewer, split: subset(input.split, [11, 4]) })
		expect(await generateAdversarialImages(fewer)).toMatchObject({ made: 10, before: 2 })
		expect(await allPixels(fewer.folder)).toEqual(whole)
	})

	it('works with attacks on one surrogate, with its gradient or its features', async () => {
		const input = await setting()
		const [first] = input.surrogates
		const pgd = { ...input, attack: 'pgd-20', options: { steps: 2 }, folder: `${input.folder}-pgd` }
		await expect(generateAdversarialImages(pgd)).rejects.toThrow(/pgd-20 works on one surrogate; 2 were given/)
		expect(await generateAdversarialImages({ ...pgd, surrogates: [first!] })).toMatchObject({ made: 12 })
		const ags = { ...input, attack: 'ags', options: { steps: 4 }, folder: `${input.folder}-ags` }
		expect(await generateAdversarialImages({ ...ags, surrogates: [first!] })).toMatchObject({ made: 12 })
	})

	it('refuses surrogates of other classes and other settings in the same folder, and writes nothing then', async () => {
		const input = await setting()
		const swapped = await surrogate('network c', 16, ['dog', 'cat', 'ship'])
		for (const attack of ['mi-cwa', 'pgd-20']) {
			const given = { ...input, attack, options: {}, surrogates: [swapped], batchSize: 2 }
			await expect(generateAdversarialImages(given)).rejects.toThrow(/same classes in another order/)
		}
		await expect(generateAdversarialImages({ ...input, surrogates: [] })).rejects.toThrow(/none were given/)
		await expect(generateAdversarialImages({ ...input, options: { targeted: true }, attack: 'pgd' })).rejects.toThrow(
			/is targeted/,
		)
		await mkdir(input.folder, { recursive: true })
		expect(await readdir(input.folder)).toEqual([])
		await generateAdversarialImages({ ...input, split: subset(input.split, [0]) })
		await expect(generateAdversarialImages({ ...input, seed: 6 })).rejects.toThrow(/seed \(6, was 5\)/)
		const fewer = { ...input, surrogates: input.surrogates.slice(0, 1) }
		const reading: SurrogateReading = {
			input: {
				name: 'pixels',
				layout: 'nchw',
				range: '0..1',
				mean: [0.5, 0.5, 0.5],
				std: [1, 1, 1],
				channelOrder: 'rgb',
				shape: [3, 16, 16],
				oneImage: false,
			},
			output: { name: 'logits', from: 'output' },
		}
		const otherwise = input.surrogates.map((one) => ({ ...one, reads: reading }))
		await expect(generateAdversarialImages({ ...input, surrogates: otherwise })).rejects.toThrow(/differ in .*models/)
		await expect(generateAdversarialImages(fewer)).rejects.toThrow(/differ in .*models/)
	})
})

describe('stored images', () => {
	it('are scored on a model as any attack is, and recorded with what made them', async () => {
		const input = await setting()
		const { clip, dataset, folder } = input
		await generateAdversarialImages(input)
		const store = await readAdversarialImages(folder)
		const defense = prepareDefense('nap', clip, dataset.classNames, { textPrompts: 2, visualPrompts: 2 })
		const parameters = await initialParameters(defense, 2)
		const classifier = await deployedClassifier(engine, clip, defense, parameters)
		const result = (await scoreAdversarialImages({ clip, classifier, split: dataset.test, store, batchSize: 7 }))!
		expect(result.outcomes.map(({ id }) => id)).toEqual(store.ids)
		const attacked = result.outcomes.flatMap((outcome, position) => (outcome.attacked ? [position] : []))
		expect(attacked.length).toBeGreaterThan(0)
		const { logits } = await classifier.evaluate(await store.pixels(attacked), ['logits'])
		expect(attacked.map((position) => result.outcomes[position]!.adversarialPrediction)).toEqual(
			predictions(logits!, attacked.map(String)),
		)
		const record = (await recordedEvaluation({
			...input,
			defense,
			parameters,
			attack: storedAttack(store),
			path: join(folder, '..', 'record.json'),
		}))!
		expect(record.outcomes).toEqual(result.outcomes)
		expect(record.attack).toMatchObject({
			name: 'mi-cwa',
			options: { steps: 3, made: { seed: 5, models: store.manifest.models, manifest: store.fingerprint } },
		})
		await classifier.release()
	})

	it('are refused for other images, missing ones and another threat model', async () => {
		const input = await setting()
		const { clip, dataset } = input
		await generateAdversarialImages({ ...input, split: subset(dataset.test, [0, 1, 2]) })
		const store = await readAdversarialImages(input.folder)
		const { classifier } = input.surrogates[0]
		const score = (split: Split) => scoreAdversarialImages({ clip, classifier, split, store })
		await expect(score(dataset.test)).rejects.toThrow(
			/9 of 12 images have no stored adversarial image, starting with test\/3/,
		)
		const { outcomes } = (await score(subset(dataset.test, [0, 1])))!
		expect(outcomes.length).toBe(2)
		const images = await store.pixels([0])
		const batch = { images, labels: [0], ids: ['test/0'] }
		const attack = storedAttack(store)
		const own = () => {
			throw new Error('Stored images need no random numbers.')
		}
		await expect(attackBatch(attack, classifier, batch, store.manifest.threatModel, own)).rejects.toThrow(
			/clean image test\/0 differs from the one/,
		)
		await expect(attackBatch(attack, classifier, batch, { norm: 'linf', epsilon: 0.5 }, own)).rejects.toThrow(
			/made in linf with epsilon 0.06\d+, not in linf with 0.5/,
		)
	})
})
