import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { at } from '../core/at.js'
import { takeRows } from '../core/rows.js'
import { loadDataset } from '../data/registry.js'
import { loadTunedRun } from '../evaluation/deployed/tuned-run.js'
import { preparedImages } from '../evaluation/robustness/evaluate.js'
import { loadExport } from '../export/load-export.js'
import { smallRun } from '../export/small-run.test.helper.js'
import { classify } from '../jobs/classify.js'
import { exportModel } from '../jobs/export-model.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { createClassifyService } from './classify-service.js'
import { createPicturePool } from './picture-pool.js'
import { servedExport } from './served-export.js'

const photo = fileURLToPath(new URL('../../fixtures/images/photo-odd.jpg', import.meta.url))

let engine: ModelEngine
let folder: string
let run: string
let output: string
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	folder = await mkdtemp(join(tmpdir(), 'naptune-serve-export-'))
	run = await smallRun(engine, folder)
	output = join(folder, 'export')
	await exportModel({ run, output, images: 10, correctionScore: true }, { engine: async () => engine })
})
afterAll(async () => {
	await engine.close()
	await rm(folder, { recursive: true })
})

it('an exported classifier is served with the answers of its run, up to rounding', async () => {
	const exported = await loadExport(output)
	const model = await servedExport({ engine, exported, falsePositiveRate: 0.05 })
	const pictures = createPicturePool({ threads: 1, view: model.view, mostPixels: 1e7 })
	const service = createClassifyService({ model, pictures, batchSize: 4, batchWindow: 0 })
	const { images, meaning } = await service.classify({
		pictures: [{ bytes: await readFile(photo) }],
		options: { top: 10, correction: true },
	})
	const [expected] = (await classify({ images: [photo], run, top: 10 }, { engine: async () => engine })).images
	const [served] = images
	expect(model.about).toMatchObject({ kind: 'export', method: 'nap' })
	expect(served?.classes.map(({ className }) => className)).toEqual(expected?.classes.map(({ className }) => className))
	served?.classes.forEach(({ probability }, index) => {
		expect(probability).toBeCloseTo(at(expected?.classes ?? [], index).probability, 5)
	})
	expect(served?.correction?.score).toBeCloseTo(expected?.refinement?.correction.score ?? Number.NaN, 5)
	expect(served?.correction?.pValue).toBe(expected?.refinement?.correction.pValue)
	expect(served?.correction?.flagged).toBe(expected?.refinement?.heavilyCorrected)
	expect(meaning).toContain('100 clean validation images')
	const own = {
		pictures: [{ bytes: await readFile(photo) }],
		options: { top: 1, correction: true, classes: ['a', 'b'] },
	}
	await expect(service.classify(own)).rejects.toMatchObject({ status: 422, code: 'NAP_INPUT_UNSUITABLE' })
	await pictures.close()
	await model.release()
})

it('an exported classifier gives each picture the same bytes in any company', async () => {
	const model = await servedExport({ engine, exported: await loadExport(output), falsePositiveRate: 0.05 })
	const { clip } = await loadTunedRun(run)
	const { test } = await loadDataset('cifar10-mini')
	const pixels = await preparedImages(clip, test, [0, 1, 2, 3, 4, 5, 6])
	const together = await model.evaluate(pixels)
	for (const rows of [[0], [3, 6], [5, 1, 2, 4]]) {
		const apart = await model.evaluate(takeRows(pixels, rows))
		rows.forEach((row, position) => {
			expect(apart[position]).toEqual(together[row])
		})
	}
	await model.release()
})
