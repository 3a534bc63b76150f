import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { classGallery } from '../../data/captions/class-captions.js'
import { initialParameters } from '../../defenses/defense.js'
import { readJsonLines } from '../../files/json-lines.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { preparedImages } from '../robustness/evaluate.js'
import {
	type RecordedRetrievalInput,
	type RetrievalRecord,
	readRetrievalRecord,
	recordedRetrieval,
} from './recorded-retrieval.js'
import { captionDefense, captionProblem, retrievalAttack } from './retrieval-attack.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

async function setting(): Promise<RecordedRetrievalInput> {
	const folder = await temporaryFolder()
	const clip = await tinyClip(join(folder, 'model'))
	const dataset = tinyDataset()
	const gallery = classGallery(dataset, dataset.test)
	const defense = captionDefense('nap', clip, gallery.captions, { textPrompts: 2, visualPrompts: 2 })
	return {
		engine,
		clip,
		gallery,
		splitName: 'test',
		defense,
		parameters: await initialParameters(defense, 2),
		attack: retrievalAttack('pgd-20', { steps: 5 }, gallery),
		threatModel: threatModel('linf', 16 / 255),
		seed: 3,
		ks: [1, 5],
		batchSize: 5,
		path: join(folder, 'retrieval', 'record.json'),
	}
}

const timeless = ({ model, seconds: _, batchSize: __, ...record }: RetrievalRecord) => ({
	...record,
	model: model.sha256,
})

describe('recordedRetrieval', () => {
	it('ranks as the logits of the deployed model do, and worse under attack', async () => {
		const input = await setting()
		const { clip, gallery, defense, parameters } = input
		const record = (await recordedRetrieval(input))!
		expect(JSON.parse(await readFile(input.path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(record)))
		expect(record).toMatchObject({
			attack: { name: 'pgd-20', options: { steps: 5, objective: 'contrastive' } },
			retrieval: { level: 'class', captions: 15, attacked: 'images' },
			dataset: { images: 12 },
			seed: 3,
		})
		const classifier = await deployedClassifier(engine, clip, defense, parameters)
		const pixels = await preparedImages(clip, gallery.images, [...Array(12).keys()])
		const { logits } = await classifier.evaluate(pixels, ['logits'])
		await classifier.release()
		const ranks = gallery.own.map((own, image) => {
			const row = [...logits!.data.subarray(image * 15, (image + 1) * 15)]
			const order = [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b)
			return order.findIndex((caption) => own.includes(caption)) + 1
		})
		expect(record.images.map(({ cleanRank }) => cleanRank)).toEqual(ranks)
		const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length
		expect(mean(record.images.map(({ attackedRank }) => attackedRank))).toBeGreaterThan(mean(ranks))
		expect(record.clean.imageToText.queries).toBe(12)
		expect(record.clean.textToImage.queries).toBe(15)
	})

	it('finds the same for any batch size, and after a stop', async () => {
		const whole = (await recordedRetrieval({ ...(await setting()), batchSize: 12 }))!
		const input = await setting()
		const stop = new AbortController()
		expect(await recordedRetrieval({ ...input, signal: stop.signal, onProgress: () => stop.abort() })).toBeUndefined()
		expect(existsSync(input.path)).toBe(false)
		const log = `${input.path}.features.jsonl`
		expect((await readJsonLines(log)).records).toHaveLength(1 + 5)
		const done: number[] = []
		const resumed = (await recordedRetrieval({ ...input, batchSize: 1, onProgress: (count) => done.push(count) }))!
		expect(done).toEqual([6, 7, 8, 9, 10, 11, 12])
		expect(existsSync(log)).toBe(false)
		expect(timeless(resumed)).toEqual(timeless(whole))
	})

	it('tells recall at other k from the ranks of a record, and refuses one that was touched up', async () => {
		const input = await setting()
		const record = (await recordedRetrieval(input))!
		const onProgress = () => expect.unreachable()
		expect(await recordedRetrieval({ ...input, onProgress })).toEqual(record)
		const other = (await recordedRetrieval({ ...input, ks: [2], onProgress }))!
		const fresh = (await recordedRetrieval({ ...input, ks: [2], path: join(input.path, '..', 'fresh.json') }))!
		expect(timeless(other)).toEqual(timeless(fresh))
		expect(await readRetrievalRecord(input.path)).toEqual(other)
		const { attacked } = other
		await writeFile(input.path, JSON.stringify({ ...other, clean: attacked, attacked: other.clean }))
		await expect(recordedRetrieval(input)).rejects.toThrow(/its recalls do not follow from its ranks/)
	})

	it('begins anew where the log was tampered with', async () => {
		const input = await setting()
		const stop = new AbortController()
		await recordedRetrieval({ ...input, signal: stop.signal, onProgress: () => stop.abort() })
		const log = `${input.path}.features.jsonl`
		const text = await readFile(log, 'utf8')
		await writeFile(log, `${text}{"id":"test/9","clean":"AAAA","adversarial":"AAAA"}\n`)
		const done: number[] = []
		await recordedRetrieval({ ...input, onProgress: (count) => done.push(count) })
		expect(done[0]).toBe(5)
	})
})

describe('retrievalAttack', () => {
	it('refuses what follows one predicted class', async () => {
		const { gallery } = await setting()
		for (const options of [{ restarts: 2 }, { keep: 'worst' }, { targeted: true }]) {
			expect(() => retrievalAttack('pgd-20', options, gallery)).toThrow(/several right captions/)
		}
	})
})

describe('captionDefense', () => {
	it('replaces templates by the caption alone', async () => {
		const { clip } = await setting()
		const templated = captionDefense('advpt-v', clip, ['a cat', 'a dog'], { template: 'a photo of a {}.' })
		const vanilla = captionDefense('vanilla', clip, ['a cat', 'a dog'], { templates: ['x {}'] })
		expect(templated.prompts.ids).toEqual(vanilla.prompts.ids)
		expect(templated.config).toMatchObject({ template: '{}' })
		expect(captionDefense('nap', clip, ['a cat', 'a dog'], { textPrompts: 2 }).prompts.length).toBe(
			vanilla.prompts.length + 2 + 1,
		)
	})

	it('says which captions a method cannot read', async () => {
		const { clip } = await setting()
		const problem = captionProblem('nap', clip, { textPrompts: 16 })
		expect(problem('a cat')).toBeUndefined()
		expect(problem('a cat and '.repeat(8))).toMatch(/nap cannot read .* needs \d+ tokens; the model reads 32/)
	})
})
