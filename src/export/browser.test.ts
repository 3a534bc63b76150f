import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toBinary } from '@bufbuild/protobuf'
import { type ModelProto, ModelProtoSchema } from 'onnx-buf'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { serve } from '../browser/serve.test.helper.js'
import { entry } from '../core/at.js'
import { range } from '../core/rows.js'
import { initialParameters } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import type { DeployedModel } from '../evaluation/deployed/deployed-classifier.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { decodeImage } from '../images/decode.js'
import { computeTextFeatures } from '../methods/tuning/text-side.js'
import { tinyClip } from '../methods/tuning/tiny.test.support.js'
import { generator } from '../random/counter-based.js'
import { startBrowser } from '../report/html/page/browser.test.helper.js'
import { relativeDistance } from '../runtime/graphs.test.support.js'
import { createEngine } from '../runtime/index.js'
import { classifierOutputs } from './classifier-graph.js'
import { writeFiles } from './folder.js'
import { inHalfPrecision } from './half-precision.js'
import { withPreparationInside } from './inside-preparation.js'
import { webRuntime } from './layouts/browser-example.js'
import { classifierFiles, webVersion } from './layouts/layout-files.js'
import { jsonFile, modelFiles, modelMessage } from './model-message.js'
import { zeroShotGraphs } from './zero-shot-graph.js'

const photo = fileURLToPath(new URL('../../fixtures/images/photo-odd.jpg', import.meta.url))
const runtime = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm')))
const classNames = ['cat', 'dog', 'ship']

declare global {
	var numbersOf: (
		model: string,
		feeds: Readonly<Record<string, { readonly type: string; readonly data: number[]; readonly shape: number[] }>>,
		output: string,
	) => Promise<number[]>
}

/** Runs a model of `/models` in the page. */
const script = `
import * as ort from '/ort/ort.wasm.min.mjs'
ort.env.wasm.wasmPaths = '/ort/'
ort.env.wasm.numThreads = 1
const kinds = { float32: Float32Array, uint8: Uint8Array, int64: BigInt64Array }
globalThis.numbersOf = async (model, feeds, output) => {
	const session = await ort.InferenceSession.create('/models/' + model)
	const tensors = {}
	for (const [name, { type, data, shape }] of Object.entries(feeds)) {
		const values = type === 'int64' ? data.map(BigInt) : data
		tensors[name] = new ort.Tensor(type, kinds[type].from(values), shape)
	}
	return [...(await session.run(tensors))[output].data]
}
`

describe('exports in Chromium, on WASM', () => {
	let browser: Browser
	let model: DeployedModel
	let classifier: ModelProto
	beforeAll(async () => {
		browser = await startBrowser({ isolation: true })
	})
	afterAll(() => browser?.close())

	/** A NAP with parameters as they start. */
	async function prepared(): Promise<void> {
		const clip = await tinyClip(await temporaryFolder())
		const defense = prepareDefense('nap', clip, classNames, { textPrompts: 2, visualPrompts: 2, refineFirst: true })
		model = { clip, defense, parameters: await initialParameters(defense, 1) }
		const engine = await createEngine({ threads: 1 })
		onTestFinished(() => engine.close())
		const textFeatures = await computeTextFeatures(engine, defense, model.parameters, 3)
		classifier = await modelMessage(classifierOutputs(model, textFeatures, { correctionScore: true }), {})
	}

	it('give the numbers of onnxruntime in Node.js', async () => {
		await prepared()
		const { whole } = await zeroShotGraphs(model, {})
		const stream = generator(1, 'export-browser.test')
		const pixels = Array.from({ length: 2 * 3 * 256 }, () => Math.fround(4 * stream.uniform() - 2))
		const image = await decodeImage(photo)
		const texts = ['cat.', 'dog.'].map((text) => model.clip.tokenizer.encode(text))
		const length = texts[0]?.length ?? 0
		expect(texts.map((ids) => ids.length)).toEqual([length, length])
		const pixelFeed = { pixel_values: { type: 'float32', data: pixels, shape: [2, 3, 16, 16] } }
		const cases = {
			plain: { message: classifier, feeds: pixelFeed, output: 'logits' },
			score: { message: classifier, feeds: pixelFeed, output: 'correction' },
			half: { message: inHalfPrecision(classifier), feeds: pixelFeed, output: 'logits' },
			inside: {
				message: withPreparationInside(classifier, model.clip.checkpoint.preprocessor),
				feeds: { image: { type: 'uint8', data: [...image.rgb], shape: [1, image.height, image.width, 3] } },
				output: 'logits',
			},
			open: {
				message: whole,
				feeds: {
					...pixelFeed,
					input_ids: { type: 'int64', data: texts.flat(), shape: [2, length] },
					attention_mask: { type: 'int64', data: texts.flat().map(() => 1), shape: [2, length] },
				},
				output: 'logits_per_image',
			},
		}
		const folder = await temporaryFolder()
		const server = await serve({
			'/': { content: '<!doctype html><title>exports</title><script type="module" src="/page.js"></script>' },
			'/page.js': { content: script },
			'/ort': { folder: runtime },
			'/models': { folder },
		})
		onTestFinished(() => server.close())
		const page = await browser.newPage()
		await page.goto(server.address)
		await page.waitForFunction(() => 'numbersOf' in globalThis)
		for (const [name, { message, feeds, output }] of Object.entries(cases)) {
			const file = `${name}.onnx`
			await writeFiles(folder, modelFiles(file, message))
			const session = await InferenceSession.create(toBinary(ModelProtoSchema, message))
			const tensors = Object.entries(feeds).map(([input, { type, data, shape }]) => {
				const values =
					type === 'int64'
						? BigInt64Array.from(data, BigInt)
						: type === 'uint8'
							? Uint8Array.from(data)
							: Float32Array.from(data)
				return [input, new Tensor(type as 'float32', values as Float32Array, shape)] as const
			})
			const expected = [...(entry(await session.run(Object.fromEntries(tensors)), output).data as Float32Array)]
			const found = await page.evaluate(([own, given, which]) => globalThis.numbersOf(own, given, which), [
				file,
				feeds,
				output,
			] as const)
			expect(found.length, name).toBe(expected.length)
			expect(relativeDistance(found, expected), name).toBeLessThan(name === 'half' ? 1e-3 : 1e-4)
		}
		await page.close()
	})

	it.each(['outside', 'inside'] as const)(
		'come with a page that classifies as it is, preparing %s',
		async (preprocess) => {
			await prepared()
			const folder = await temporaryFolder()
			const message =
				preprocess === 'inside' ? withPreparationInside(classifier, model.clip.checkpoint.preprocessor) : classifier
			const files = modelFiles('model.onnx', message)
			// What the page reads of it.
			const about = jsonFile('export.json', {
				preprocess,
				graphs: [{ file: 'model.onnx' }],
				files: { 'model.onnx': {} },
			})
			await writeFiles(folder, [...files, ...classifierFiles('onnx', { clip: model.clip, classNames }), about])
			const server = await serve({
				'/': { content: await readFile(join(folder, 'index.html'), 'utf8') },
				...Object.fromEntries(
					await Promise.all(
						['model.onnx', 'export.json', 'labels.json', 'preprocessor_config.json'].map(
							async (name) => [`/${name}`, { content: new Uint8Array(await readFile(join(folder, name))) }] as const,
						),
					),
				),
			})
			onTestFinished(() => server.close())
			const page = await browser.newPage()
			onTestFinished(() => page.close())
			const errors: string[] = []
			page.on('pageerror', (error) => errors.push(error.message))
			// The same files as there, of this package's own version.
			await page.route(`${webRuntime(webVersion)}**`, async (route) =>
				route.fulfill({
					path: join(runtime, basename(new URL(route.request().url()).pathname)),
					headers: { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' },
				}),
			)
			await page.goto(server.address)
			await page.getByText('Choose a picture.').waitFor()
			await page.setInputFiles('#file', photo)
			await page.getByText(/^\d+ ms$/).waitFor()
			const rows = await page.locator('#classes tr').allTextContents()
			expect(errors).toEqual([])
			expect(rows).toHaveLength(classNames.length)
			const shares = rows.map((row) => Number(/([\d.]+) %/.exec(row)?.[1]))
			expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0)
			expect(new Set(rows.map((row) => /^\D+/.exec(row)?.[0].trim()))).toEqual(new Set(classNames))
			expect(range(1, shares.length).every((at) => (shares[at] ?? 0) <= (shares[at - 1] ?? 0))).toBe(true)
		},
	)
})
