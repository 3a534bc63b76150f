import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embeddedDirectory } from '../checkpoints/checkpoint.js'
import { loadClip } from '../checkpoints/load-clip.js'
import { range } from '../core/rows.js'
import { subset } from '../data/dataset.js'
import { loadDataset } from '../data/registry.js'
import type { TunedModel } from '../evaluation/deployed/tuned-model.js'
import { loadTunedRun } from '../evaluation/deployed/tuned-run.js'
import { preparedImages } from '../evaluation/robustness/evaluate.js'
import { loadPreset, presetConfig } from '../methods/tuning/presets.js'
import { tune } from '../methods/tuning/tune.js'
import { startBrowser } from '../report/html/page/browser.test.helper.js'
import { relativeDistance } from '../runtime/graphs.test.support.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import {
	type Attacked,
	attackTuned,
	type LabelledPixels,
	passOf,
	randomNumbers,
	withClassifier,
} from './attack-tuned.test.support.js'
import type { PageTask } from './page.test.support.js'
import { serve } from './serve.test.helper.js'

const bundle = async () => {
	const { outputFiles } = await build({
		entryPoints: [fileURLToPath(new URL('./page.test.support.js', import.meta.url))],
		bundle: true,
		platform: 'browser',
		format: 'esm',
		write: false,
		logLevel: 'silent',
	})
	return outputFiles[0]?.contents ?? expect.unreachable('esbuild made nothing')
}

declare global {
	var attack: (task: PageTask) => Promise<Attacked>
	var inWorker: (task: PageTask) => Promise<Attacked>
}

/** Four images under attack by nano that was tuned for a moment, in this process and in Chromium. */
describe('attacking a tuned nano in a browser', () => {
	const positions = range(0, 4)
	let folder: string
	let engine: ModelEngine
	let model: TunedModel
	let images: LabelledPixels
	let browser: Browser
	let server: Awaited<ReturnType<typeof serve>>
	let page: Page

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'naptune-browser-'))
		const run = join(folder, 'run')
		engine = await createEngine()
		const clip = await loadClip('nano')
		const dataset = await loadDataset('cifar10-mini')
		const { config } = presetConfig(await loadPreset('demo'), 'nap', { epochs: 1, shots: 5 })
		await tune({ engine, clip, dataset, config, output: run })
		model = await loadTunedRun(run)
		const pictures = subset(
			dataset.test,
			positions.map((position) => position * 7),
		)
		const { shape, data } = await preparedImages(clip, pictures, positions)
		const labels = positions.map((position) => pictures.label(position))
		images = { shape, pixels: data, labels }

		server = await serve({
			'/': { content: '<!doctype html><title>naptune</title><script type="module" src="/page.js"></script>' },
			'/page.js': { content: await bundle() },
			'/model': { folder: embeddedDirectory },
			'/run': { folder: run },
			'/ort': { folder: dirname(fileURLToPath(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))) },
			'/images.json': { content: JSON.stringify({ shape, labels }) },
			'/pixels': { content: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
		})
		browser = await startBrowser({ isolation: true })
		page = await browser.newPage()
		await page.goto(server.address)
		await page.waitForFunction(() => 'inWorker' in globalThis)
	})
	afterAll(async () => {
		await browser?.close()
		await engine?.close()
		await server?.close()
		await rm(folder, { recursive: true })
	})

	/** The largest relative distance of one image's numbers. */
	const distance = (found: readonly number[], expected: readonly number[]): number => {
		const each = expected.length / positions.length
		const part = (values: readonly number[], position: number) => values.slice(position * each, (position + 1) * each)
		return Math.max(...positions.map((position) => relativeDistance(part(found, position), part(expected, position))))
	}

	it.each([
		['in the page, on one thread, image by image', 'page', { threads: 1, fixedBatch: 1 }],
		['in a worker, on two threads, two images at a time', 'worker', { threads: 2, fixedBatch: 2 }],
	] as const)('gives the numbers of Node.js %s', async (_, place, task) => {
		const found =
			place === 'page'
				? await page.evaluate((own) => globalThis.attack(own), task)
				: await page.evaluate((own) => globalThis.inWorker(own), task)
		expect(found).toMatchObject({ device: 'wasm', threads: task.threads })
		expect(found.random).toEqual(randomNumbers())
		const expected = await attackTuned(engine, model, images)
		expect(found.predictions).toEqual(expected.predictions)
		expect(expected.predictions).not.toEqual(images.labels)
		expect(distance(found.clean.logits, expected.clean.logits)).toBeLessThan(1e-4)
		expect(distance(found.clean.gradient, expected.clean.gradient)).toBeLessThan(1e-4)
		// Signs of gradients near zero may differ, so the page's own images are what both are asked about.
		const pixels = Float32Array.from(found.adversarial)
		const attacked = await withClassifier(engine, model, (classifier) => passOf(classifier, { ...images, pixels }))
		expect(distance(found.attacked.logits, attacked.logits)).toBeLessThan(1e-4)
		expect(distance(found.attacked.gradient, attacked.gradient)).toBeLessThan(1e-4)
	})
})
