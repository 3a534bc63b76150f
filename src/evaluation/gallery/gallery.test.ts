import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { predictions } from '../../classifier/predictions.js'
import { initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { preparedImages } from '../robustness/evaluate.js'
import { recordedEvaluation } from '../robustness/recorded-evaluation.js'
import { type RecordedGalleryInput, readGallery, recordedGallery } from './gallery.js'

const attack = prepareAttack('pgd-20', { steps: 3 })
const dataset = tinyDataset(undefined, { test: 8 })

describe('recordedGallery', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	async function setting(changes: Partial<RecordedGalleryInput> = {}): Promise<RecordedGalleryInput> {
		const folder = await temporaryFolder()
		const clip = await tinyClip(join(folder, 'model'))
		const control = prepareDefense('vanilla', clip, dataset.classNames)
		const options = { textPrompts: 2, visualPrompts: 2, contextDeviation: 0.5 }
		const defense = prepareDefense('nap', clip, dataset.classNames, options)
		return {
			engine,
			clip,
			dataset,
			split: dataset.test,
			defense,
			parameters: await initialParameters(defense, 2),
			control,
			attack,
			threatModel: threatModel('linf', 24 / 255),
			seed: 3,
			count: 7,
			path: join(folder, 'gallery', 'one.json'),
			...changes,
		}
	}

	it('keeps what an evaluation would come to, for both models, and the bytes of the images', async () => {
		const input = await setting()
		const gallery = (await recordedGallery(input))!
		expect(await readGallery(input.path)).toEqual(gallery)
		const { images, record } = gallery
		expect(images).toHaveLength(7)
		expect([gallery.width, gallery.height]).toEqual([16, 16])
		expect(record.models.map(({ name }) => name)).toEqual(['vanilla', 'nap'])
		// Balanced over the three classes.
		expect([0, 1, 2].map((label) => images.filter((image) => image.label === label).length).sort()).toEqual([2, 2, 3])
		const folder = await temporaryFolder()
		for (const [at, model] of [
			{ defense: input.control, parameters: {} },
			{ defense: input.defense, parameters: input.parameters },
		].entries()) {
			const path = join(folder, `${at}.json`)
			const { signal: _, onProgress: __, ...settings } = input
			const found = (await recordedEvaluation({ ...settings, ...model, splitName: 'test', path }))!
			const classifier = await deployedClassifier(engine, input.clip, model.defense, model.parameters)
			let attacked = 0
			for (const image of images) {
				const outcome = found.outcomes.find(({ id }) => id === image.id)!
				const view = image.models[at]!
				expect(view.clean[0]!.index).toBe(outcome.cleanPrediction)
				expect(view.clean.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6)
				expect(view.adversarial !== undefined).toBe(outcome.attacked)
				expect(view.pixels !== undefined).toBe(outcome.attacked)
				if (!view.adversarial) continue
				attacked++
				expect(view.adversarial[0]!.index).toBe(outcome.adversarialPrediction)
				const position = Number(image.id.split('/')[1])
				const clean = await preparedImages(input.clip, dataset.test, [position])
				const batch = { images: clean, labels: [image.label], ids: [image.id] }
				const made = await attackBatch(attack, classifier, batch, input.threatModel, imageStreams(3))
				expect(view.pixels).toEqual(made.data)
				expect(image.clean).toEqual(clean.data)
				const { logits } = await classifier.evaluate(made, ['logits'])
				expect(view.adversarial[0]!.index).toBe(predictions(logits!, [image.id])[0])
			}
			expect(attacked).toBeGreaterThan(0)
			await classifier.release()
		}
	})

	it('gives back what is there under the same settings, and refuses what is not', async () => {
		const input = await setting({ count: 2 })
		const shares: number[] = []
		const first = await recordedGallery({ ...input, onProgress: (share) => shares.push(share) })
		expect(shares.at(-1)).toBe(1)
		expect(shares).toEqual([...shares].sort((a, b) => a - b))
		const bytes = await readFile(input.path)
		const again = await recordedGallery({ ...input, onProgress: () => expect.unreachable() })
		expect(again).toEqual(first)
		expect(await readFile(input.path)).toEqual(bytes)
		await expect(recordedGallery({ ...input, seed: 4 })).rejects.toThrow(
			/a gallery with other settings; .*seed \(4, was 3\)/,
		)
		expect(await readGallery(input.path)).toEqual(first)
		expect((await readdir(join(input.path, '..'))).sort()).toEqual(['one.json', 'one.safetensors'])
	})

	it('takes a damaged gallery for none, which reading tells of', async () => {
		const input = await setting({ count: 1 })
		const first = (await recordedGallery(input))!
		const pixels = input.path.replace('.json', '.safetensors')
		const bytes = await readFile(pixels)
		bytes[bytes.length - 1]! ^= 1
		await writeFile(pixels, bytes)
		await expect(readGallery(input.path)).rejects.toThrow(/one\.safetensors does not belong to/)
		expect((await recordedGallery(input))!.images).toEqual(first.images)
		const record = JSON.parse(await readFile(input.path, 'utf8'))
		await writeFile(input.path, JSON.stringify({ ...record, images: [{ ...record.images[0], id: 'test/99' }] }))
		await expect(readGallery(input.path)).rejects.toThrow(/was changed: its images are not those of its settings/)
		await writeFile(input.path, JSON.stringify({ ...record, kind: 'distortion' }))
		await expect(readGallery(input.path)).rejects.toThrow(/is not a gallery that this version can read/)
		await expect(readGallery(join(input.path, 'x'))).rejects.toThrow(/must end in \.json/)
	})

	it('writes nothing when it is stopped or refuses', async () => {
		const stop = new AbortController()
		const input = await setting({ signal: stop.signal, onProgress: () => stop.abort() })
		expect(await recordedGallery(input)).toBeUndefined()
		const targeted = prepareAttack('pgd-100-targeted')
		await expect(recordedGallery({ ...input, attack: targeted })).rejects.toThrow(/is targeted/)
		await expect(recordedGallery({ ...input, count: 0 })).rejects.toThrow(/at least 1 image; got 0/)
		const other = { ...dataset, classNames: ['a', 'b', 'c'] }
		await expect(recordedGallery({ ...input, dataset: other })).rejects.toThrow(/has a, b, c/)
		const none = { ...dataset.test, length: 0 }
		await expect(recordedGallery({ ...input, split: none })).rejects.toThrow(/no images/)
		expect(existsSync(join(input.path, '..'))).toBe(false)
	})
})
