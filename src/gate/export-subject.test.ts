import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../checkpoints/load-tokenizer.js'
import { type Classifier, crossEntropyObjective } from '../classifier/index.js'
import { entry, present } from '../core/at.js'
import { range } from '../core/rows.js'
import { int64 } from '../core/tensor.js'
import type { Dataset, Split } from '../data/dataset.js'
import { atMost } from '../data/subsets.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { loadTunedRun, type TunedRun } from '../evaluation/deployed/tuned-run.js'
import { exportedTokens } from '../export/exported-texts.js'
import { loadExport } from '../export/load-export.js'
import { smallRun } from '../export/small-run.test.helper.js'
import { flipBit } from '../files/flip-bit.test.helper.js'
import { exportModel } from '../jobs/export-model.js'
import type { JobInput } from '../jobs/job.js'
import { relativeDistance } from '../runtime/graphs.test.support.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { exportSubject } from './export-subject.js'

let engine: ModelEngine
let folder: string
let run: TunedRun
let dataset: Dataset
let split: Split
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	folder = await mkdtemp(join(tmpdir(), 'naptune-gate-export-'))
	run = await loadTunedRun(await smallRun(engine, folder))
	dataset = await run.dataset()
	split = atMost(dataset.test, 6, 2)
})
afterAll(async () => {
	await engine.close()
	await rm(folder, { recursive: true })
})

type Exporting = Partial<JobInput<typeof exportModel>>

async function exported(name: string, options: Exporting): Promise<string> {
	const output = join(folder, name)
	await exportModel({ run: run.directory, output, images: 10, maxDrop: 1, ...options }, { engine: async () => engine })
	return output
}

/** Logits of the whole exported file in plain onnxruntime, which knows nothing of parts. */
async function answersOf(path: string): Promise<number[]> {
	const { record, graphPath, folder: own } = await loadExport(path)
	const [graph] = record.graphs
	const session = await InferenceSession.create(graphPath(present(graph, 'graph')))
	const logits: number[] = []
	for (const index of range(0, split.length)) {
		const { width, height, rgb } = await split.image(index)
		const feeds: Record<string, Tensor> = {}
		if (record.preprocess === 'inside') {
			feeds.image = new Tensor('uint8', new Uint8Array(rgb), [1, height, width, 3])
		} else {
			// Pictures of this data set have the model's size, but for the crop.
			const { mean, std, size } = record.image
			const edge = (width - size) / 2
			const values = Float32Array.from({ length: 3 * size * size }, (_, at) => {
				const [channel, rest] = [Math.floor(at / size ** 2), at % size ** 2]
				const byte = rgb[((edge + Math.floor(rest / size)) * width + edge + (rest % size)) * 3 + channel] ?? Number.NaN
				return (byte / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1)
			})
			feeds.pixel_values = new Tensor('float32', values, [1, 3, size, size])
		}
		if (record.text) {
			const { hypothesisTemplate, maxTokens } = record.text
			const texts = dataset.classNames.map((name) => hypothesisTemplate.replace('{}', name))
			const tokenizer = await loadTokenizer(join(own, 'tokenizer.json'))
			const inputs = present(
				record.graphs.find(({ role }) => role === 'text'),
				'text graph',
			).inputs
			const tokens = exportedTokens(tokenizer, texts, { maxTokens, inputs })
			for (const [name, { data, shape }] of Object.entries(tokens)) feeds[name] = new Tensor('int64', data, shape)
		}
		const found = await session.run(feeds)
		logits.push(...(entry(found, record.text ? 'logits_per_image' : 'logits').data as Float32Array))
	}
	await session.release()
	return logits
}

describe('an export under a gate', () => {
	it.each([
		['a classifier', {}, 1e-4],
		['one that prepares pictures in its graph, in float16', { preprocess: 'inside', dtype: 'fp16' }, 2e-2],
		['a zero-shot model', { task: 'zero-shot' }, 1e-4],
		['a zero-shot model in float16', { task: 'zero-shot', dtype: 'fp16', layout: 'transformers.js' }, 2e-2],
	] as const)('%s answers as its file does, with the gradient of the run', async (name, options, tolerance) => {
		const path = await exported(name.replaceAll(' ', '-'), options)
		const { classifier, images, release, kind, notices } = await exportSubject({ engine, path, dataset, split })
		const reference = await deployedClassifier(engine, run.clip, run.defense, run.parameters)
		try {
			expect([kind, classifier.classNames]).toEqual(['export', dataset.classNames])
			const pixels = await images.pixels(range(0, split.length))
			const logits = entry(await classifier.evaluate(pixels, ['logits']), 'logits')
			// float16 arithmetic is that of the file in either case.
			expect(relativeDistance([...logits.data], await answersOf(path))).toBeLessThan(1e-5)
			const side = { labels: int64([split.length], BigInt64Array.from(images.labels, BigInt)) }
			const slope = async (one: Classifier) => [
				...(await one.gradient(pixels, crossEntropyObjective, side)).gradient.data,
			]
			expect(relativeDistance(await slope(classifier), await slope(reference))).toBeLessThan(tolerance)
			const inside = 'preprocess' in options
			expect(notices.join(' ').includes("Its own preparation of the 6 pictures differs from naptune's")).toBe(inside)
		} finally {
			await reference.release()
			await release()
		}
	})

	it('for any classes is judged on those of the data, a classifier on its own alone', async () => {
		const other = { ...dataset, classNames: dataset.classNames.map((name) => `a picture of ${name}`) }
		const open = await exportSubject({ engine, path: join(folder, 'a-zero-shot-model'), dataset: other, split })
		expect(open.classifier.classNames).toEqual(other.classNames)
		await open.release()
		const fixed = exportSubject({ engine, path: join(folder, 'a-classifier'), dataset: other, split })
		await expect(fixed).rejects.toMatchObject({ code: 'NAP_CLASSES_MISMATCH' })
		const classMap = Object.fromEntries(other.classNames.map((name, index) => [name, 9 - index]))
		const mapped = await exportSubject({ engine, path: join(folder, 'a-classifier'), dataset: other, split, classMap })
		expect(mapped.images.labels).toEqual(range(0, split.length).map((index) => 9 - split.label(index)))
		await mapped.release()
	})

	it('is refused where a file was changed', async () => {
		const path = join(folder, 'a-classifier')
		await flipBit(join(path, 'model.onnx'), 1000)
		await expect(exportSubject({ engine, path, dataset, split })).rejects.toMatchObject({ code: 'NAP_FILE_DAMAGED' })
	})
})
