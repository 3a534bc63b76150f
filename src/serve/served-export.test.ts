import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at } from '../core/at.js'
import { takeRows } from '../core/rows.js'
import { loadDataset } from '../data/registry.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { loadTunedRun, type TunedRun } from '../evaluation/deployed/tuned-run.js'
import { preparedImages } from '../evaluation/robustness/evaluate.js'
import { loadExport } from '../export/load-export.js'
import { smallRun } from '../export/small-run.test.helper.js'
import { classify } from '../jobs/classify.js'
import { exportModel } from '../jobs/export-model.js'
import type { JobInput } from '../jobs/job.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { type ClassifyService, createClassifyService } from './classify-service.js'
import { createPicturePool } from './picture-pool.js'
import { servedExport } from './served-export.js'
import type { ServedModel, ServedRow } from './served-model.js'
import { servedRun } from './served-run.js'

const photo = fileURLToPath(new URL('../../fixtures/images/photo-odd.jpg', import.meta.url))

let engine: ModelEngine
let folder: string
let run: TunedRun
let paths: string[]
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	folder = await mkdtemp(join(tmpdir(), 'naptune-served-kinds-'))
	run = await loadTunedRun(await smallRun(engine, folder))
	const { test } = await loadDataset('cifar10-mini')
	paths = await Promise.all(
		[0, 7, 19, 42, 60].map(async (index) => {
			const { width, height, rgb } = await test.image(index)
			const path = join(folder, `${index}.png`)
			const raw = { width, height, channels: 3 as const }
			await writeFile(path, await sharp(rgb, { raw }).png().toBuffer())
			return path
		}),
	)
})
afterAll(async () => {
	await engine.close()
	await rm(folder, { recursive: true })
})

const kinds = {
	outside: { correctionScore: true },
	inside: { preprocess: 'inside', correctionScore: true },
	open: { task: 'zero-shot' },
	'open-half': { task: 'zero-shot', dtype: 'fp16', maxDrop: 1 },
} satisfies Record<string, Partial<JobInput<typeof exportModel>>>

async function served(
	name: keyof typeof kinds,
	use: (model: ServedModel, service: ClassifyService) => Promise<void>,
): Promise<void> {
	const output = join(folder, name)
	if (!existsSync(output)) {
		const input = { run: run.directory, output, images: 10, ...kinds[name] }
		await exportModel(input, { engine: async () => engine })
	}
	const model = await servedExport({ engine, exported: await loadExport(output), falsePositiveRate: 0.05 })
	const pictures = createPicturePool({ threads: 1, preparation: model.preparation, mostPixels: 1e7 })
	try {
		await use(model, createClassifyService({ model, pictures, batchSize: 3, batchWindow: 1 }))
	} finally {
		await pictures.close()
		await model.release()
	}
}

const sent = (files: readonly string[]) => Promise.all(files.map(async (path) => ({ bytes: await readFile(path) })))
const options = { top: 10, correction: true }

describe('a served export', () => {
	it.each(['outside', 'inside'] as const)(
		'answers as classify does, bit for bit, where the preparation %s of its graph makes the same pixels',
		async (preprocess) => {
			const { images } = await classify({ images: paths, run: run.directory, top: 10 }, { engine: async () => engine })
			await served(preprocess, async (model, service) => {
				const answer = await service.classify({ pictures: await sent(paths), options })
				expect(answer.images).toStrictEqual(
					images.map(({ classes, refinement }) => ({
						classes,
						correction: { ...refinement?.correction, flagged: refinement?.heavilyCorrected },
					})),
				)
				expect(answer.meaning).toContain('100 clean validation images')
				expect(model.about).toMatchObject({ kind: 'export', method: 'nap' })
				const own = { pictures: await sent([photo]), options: { top: 1, correction: true, classes: ['a', 'b'] } }
				await expect(service.classify(own)).rejects.toMatchObject({ status: 422, code: 'NAP_INPUT_UNSUITABLE' })
			})
		},
	)

	it('prepares whole pictures of any size in its graph, and refuses those that are none', async () => {
		await served('inside', async (_, service) => {
			const { images } = await classify(
				{ images: [photo], run: run.directory, top: 10 },
				{ engine: async () => engine },
			)
			const many = await sent([photo, at(paths, 0), photo, at(paths, 1), photo])
			const answer = await service.classify({ pictures: many, options })
			expect(answer.images).toHaveLength(5)
			expect(answer.images[2]).toStrictEqual(answer.images[0])
			// Its resize is up to two levels off Pillow's.
			for (const { className, probability } of at(answer.images, 0).classes) {
				const own = at(images, 0).classes.find((one) => one.className === className)
				expect(probability).toBeCloseTo(own?.probability ?? Number.NaN, 1)
			}
			const text = { pictures: [{ bytes: Buffer.from('no picture') }], options }
			await expect(service.classify(text)).rejects.toMatchObject({ code: 'NAP_IMAGE_DAMAGED' })
		})
	})

	it('gives up where the engine that prepares its pictures is gone', async () => {
		const own = await createEngine({ threads: 1 })
		const exported = await loadExport(join(folder, 'inside'))
		const model = await servedExport({ engine: own, exported, falsePositiveRate: 0.05 })
		const pictures = createPicturePool({ threads: 1, preparation: model.preparation, mostPixels: 1e7 })
		const failures: unknown[] = []
		const onFailure = (error: unknown) => failures.push(error)
		const service = createClassifyService({ model, pictures, batchSize: 3, batchWindow: 1, onFailure })
		await own.close()
		const gone = { code: 'NAP_ENGINE_CLOSED' }
		const request = { pictures: await sent([photo, photo]), options }
		await expect(service.classify(request)).rejects.toMatchObject(gone)
		expect(failures).toEqual([expect.objectContaining(gone)])
		await pictures.close()
	})

	it.each(['fp32', 'fp16'] as const)('for any classes takes those of a request, in %s', async (dtype) => {
		const tolerance = dtype === 'fp32' ? 5 : 2
		await served(dtype === 'fp32' ? 'open' : 'open-half', async (model, service) => {
			const expected = await classify({ images: paths, run: run.directory, top: 10 }, { engine: async () => engine })
			const pictures = await sent(paths)
			const answer = await service.classify({ pictures, options })
			answer.images.forEach(({ classes }, index) => {
				for (const { className, probability } of classes) {
					const own = at(expected.images, index).classes.find((one) => one.className === className)
					expect(probability).toBeCloseTo(own?.probability ?? Number.NaN, tolerance)
				}
			})
			expect(model.openVocabulary).toBeDefined()

			// Other classes, beside the run itself, which takes any as well.
			const classes = ['a red bicycle', 'hot_air_balloon', 'fog', 'cat']
			const classifier = await deployedClassifier(engine, run.clip, run.defense, run.parameters)
			const own = servedRun({ engine, run, classifier, falsePositiveRate: 0.05 })
			const pool = createPicturePool({ threads: 1, preparation: own.preparation, mostPixels: 1e7 })
			const reference = createClassifyService({ model: own, pictures: pool, batchSize: 3, batchWindow: 1 })
			const request = { pictures, options: { ...options, correction: false, classes } }
			const [found, wanted] = [await service.classify(request), await reference.classify(request)]
			found.images.forEach((image, index) => {
				expect(image.classes.map(({ className }) => className).sort()).toEqual([...classes].sort())
				for (const { className, probability } of image.classes) {
					const same = at(wanted.images, index).classes.find((one) => one.className === className)
					expect(probability).toBeCloseTo(same?.probability ?? Number.NaN, tolerance)
				}
			})
			await pool.close()
			await own.release()

			const long = { pictures, options: { ...options, classes: ['cat', 'word '.repeat(80)] } }
			await expect(service.classify(long)).rejects.toMatchObject({ code: 'NAP_TEXT_UNSUITABLE' })
			const same = { pictures, options: { ...options, classes: ['hot dog', 'hot_dog'] } }
			await expect(service.classify(same)).rejects.toMatchObject({ code: 'NAP_INPUT_UNSUITABLE' })
		})
	})

	it.each(['outside', 'open', 'open-half'] as const)(
		'gives each picture the same bytes in any company: %s',
		async (name) => {
			await served(name, async (model) => {
				const { test } = await loadDataset('cifar10-mini')
				const pixels = await preparedImages(run.clip, test, [0, 1, 2, 3, 4, 5, 6])
				const together = await model.evaluate(pixels)
				const lease = await model.openVocabulary?.lease(['fog', 'sea'])
				const compared = (rows: readonly ServedRow[]) =>
					lease?.vocabulary.logits(rows.map(({ features }) => features ?? new Float32Array()))
				const logits = await compared(together)
				for (const rows of [[0], [3, 6], [5, 1, 2, 4]]) {
					const apart = await model.evaluate(takeRows(pixels, rows))
					const own = await compared(apart)
					rows.forEach((row, position) => {
						expect(apart[position]).toEqual(together[row])
						expect(own?.[position]).toEqual(logits?.[row])
					})
				}
				lease?.end()
			})
		},
	)
})
