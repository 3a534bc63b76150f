import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { startWebGpuBrowser } from '../report/html/page/browser.test.helper.js'
import { relativeDistance } from '../runtime/graphs.test.support.js'
import { exportedCases, numbersInPage, runningPage } from './exported-cases.test.support.js'

let browser: Browser | undefined
let why = ''
beforeAll(async () => {
	const started = await startWebGpuBrowser()
	browser = started.browser
	why = started.why
	if (!browser) process.stderr.write(`\nSKIPPED: exports on WebGPU were not run, ${why}.\n`)
})
afterAll(() => browser?.close())

it('exports give the numbers of onnxruntime in Node.js on WebGPU, but for antialiasing inside of a graph', async ({
	skip,
}) => {
	if (!browser) return skip(why)
	const folder = await temporaryFolder()
	// The whole zero-shot graph holds both of its towers.
	const { plain, open, half, inside } = await exportedCases(folder)
	const page = await runningPage(browser, folder, { bundle: 'ort.webgpu.min.mjs', provider: 'webgpu' })
	for (const [name, one] of Object.entries({ plain, open })) {
		const found = await numbersInPage(page, one)
		expect(found.length, name).toBe(one.expected.length)
		expect(relativeDistance(found, one.expected), name).toBeLessThan(1e-4)
	}
	// Should this begin to work, `measuredProviders` and the docs may say so.
	await expect(numbersInPage(page, inside)).rejects.toThrow('antialias')
	const hasHalf = await page.evaluate(
		"navigator.gpu.requestAdapter().then((adapter) => adapter.features.has('shader-f16'))",
	)
	if (hasHalf) expect(relativeDistance(await numbersInPage(page, half), half.expected)).toBeLessThan(1e-2)
	else process.stderr.write('\nSKIPPED: float16 exports on WebGPU were not run, the adapter has no shader-f16.\n')
	// A software adapter compiles its shaders on the processor, which other work may have.
}, 300_000)
