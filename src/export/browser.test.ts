import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { serve } from '../browser/serve.test.helper.js'
import { range } from '../core/rows.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { startBrowser } from '../report/html/page/browser.test.helper.js'
import { relativeDistance } from '../runtime/graphs.test.support.js'
import {
	classNames,
	exportedCases,
	numbersInPage,
	photo,
	preparedModel,
	runningPage,
	runtime,
} from './exported-cases.test.support.js'
import { writeFiles } from './folder.js'
import { withPreparationInside } from './inside-preparation.js'
import { webRuntime, webTokenizers } from './layouts/browser-example.js'
import { classifierFiles, exampleFiles, webVersion } from './layouts/layout-files.js'
import { jsonFile, modelFiles } from './model-message.js'
import { preprocessorJson } from './preprocessor.js'
import { tokenizerFiles } from './tokenizer-files.js'
import { longestText, zeroShotGraphs } from './zero-shot-graph.js'

describe('exports in Chromium, on WASM', () => {
	let browser: Browser
	beforeAll(async () => {
		browser = await startBrowser({ isolation: true })
	})
	afterAll(() => browser?.close())

	it('give the numbers of onnxruntime in Node.js', async () => {
		const folder = await temporaryFolder()
		const cases = await exportedCases(folder)
		const page = await runningPage(browser, folder, { bundle: 'ort.wasm.min.mjs', provider: 'wasm' })
		for (const [name, one] of Object.entries(cases)) {
			const found = await numbersInPage(page, one)
			expect(found.length, name).toBe(one.expected.length)
			expect(relativeDistance(found, one.expected), name).toBeLessThan(name === 'half' ? 1e-3 : 1e-4)
		}
	})

	/** Opens the page of a folder, chooses the photograph, and reads its table. */
	async function classifiedByItsPage(folder: string, change: (page: Page) => Promise<void> = async () => {}) {
		const names = (await readdir(folder)).filter((name) => name !== 'index.html')
		const server = await serve({
			'/': { content: await readFile(join(folder, 'index.html'), 'utf8') },
			...Object.fromEntries(
				await Promise.all(
					names.map(
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
		// The same files as there, of this package's own versions.
		const headers = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }
		await page.route(`${webRuntime(webVersion)}**`, async (route) =>
			route.fulfill({ path: join(runtime, basename(new URL(route.request().url()).pathname)), headers }),
		)
		await page.route(webTokenizers, async (route) =>
			route.fulfill({
				path: fileURLToPath(import.meta.resolve('@huggingface/tokenizers')),
				contentType: 'text/javascript',
				headers,
			}),
		)
		await page.goto(server.address)
		await page.getByText('Choose a picture.').waitFor()
		await change(page)
		await page.setInputFiles('#file', photo)
		await page.getByText(/^\d+ ms$/).waitFor()
		const rows = await page.locator('#classes tr').allTextContents()
		expect(errors).toEqual([])
		const shares = rows.map((row) => Number(/([\d.]+) %/.exec(row)?.[1]))
		expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0)
		expect(range(1, shares.length).every((at) => (shares[at] ?? 0) <= (shares[at - 1] ?? 0))).toBe(true)
		return rows.map((row) => /^\D+/.exec(row)?.[0].trim())
	}

	it.each(['outside', 'inside'] as const)(
		'come with a page that classifies as it is, preparing %s',
		async (preprocess) => {
			const { model, classifier } = await preparedModel()
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
			expect(new Set(await classifiedByItsPage(folder))).toEqual(new Set(classNames))
		},
	)

	it('come with a page that tells apart the classes which it is given', async () => {
		const { model } = await preparedModel()
		const folder = await temporaryFolder()
		const { whole } = await zeroShotGraphs(model, {})
		const longest = longestText(model)
		await writeFiles(folder, [
			...modelFiles('model.onnx', whole),
			...exampleFiles('zero-shot'),
			...(await tokenizerFiles(model.clip.checkpoint, longest)),
			jsonFile('preprocessor_config.json', preprocessorJson(model.clip.checkpoint.preprocessor)),
			jsonFile('labels.json', classNames),
			jsonFile('export.json', {
				graphs: [
					{ role: 'zero-shot', file: 'model.onnx', inputs: [{ name: 'input_ids' }, { name: 'attention_mask' }] },
				],
				text: { hypothesisTemplate: '{}.', maxTokens: longest },
				files: { 'model.onnx': {} },
			}),
		])
		const own = ['a red bus', 'snow', 'cat']
		const found = await classifiedByItsPage(folder, async (page) => {
			expect(await page.inputValue('#names')).toBe(classNames.join('\n'))
			await page.fill('#names', own.join('\n'))
		})
		expect(new Set(found)).toEqual(new Set(own))
	})
})
