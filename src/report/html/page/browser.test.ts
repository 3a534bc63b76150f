import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleDocument } from '../report.test.support.js'
import { violations } from './axe.test.helper.js'
import { startBrowser } from './browser.test.helper.js'
import { reportPage } from './page.js'

let browser: Browser
let folder: string
let file: string

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-page-'))
	file = join(folder, 'report.html')
	await writeFile(file, await reportPage(await sampleDocument()))
	browser = await startBrowser()
})
afterAll(async () => {
	await browser?.close()
	await rm(folder, { recursive: true, force: true })
})

/** The page in a window of that width, with what it said and asked for. */
async function open(width: number, colorScheme: 'light' | 'dark' = 'light') {
	const context = await browser.newContext({ viewport: { width, height: 740 }, colorScheme, offline: true })
	const page = await context.newPage()
	const [said, asked]: [string[], string[]] = [[], []]
	page.on('console', (message) => said.push(message.text()))
	page.on('pageerror', (error) => said.push(String(error)))
	page.on('request', (request) => asked.push(request.url()))
	await page.goto(`file://${file}`)
	return { page, said, asked: asked.filter((url) => !url.startsWith('data:')), close: () => context.close() }
}

describe('the page in a browser', () => {
	it('loads and says nothing, and none of its names runs', async () => {
		const { page, said, asked, close } = await open(1280)
		expect(said).toEqual([])
		expect(asked).toEqual([`file://${file}`])
		expect(await page.title()).not.toBe('run')
		expect(await page.locator('script').count()).toBe(0)
		expect(await page.locator('img:not([src^="data:image/png"])').count()).toBe(0)
		expect(await page.locator('svg[role="img"]').count()).toBeGreaterThan(3)
		await close()
	})

	it.each(['light', 'dark'] as const)('has nothing that axe objects to in %s', async (scheme) => {
		const { page, close } = await open(1280, scheme)
		for (const summary of await page.locator('summary').all()) await summary.click()
		expect(await violations(page)).toEqual([])
		await close()
	})

	it('fits on a phone: only tables and figures scroll sideways', async () => {
		const { page, close } = await open(360)
		const size = () => page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
		expect(await size()).toEqual([360, 360])
		for (const summary of await page.locator('summary').all()) await summary.click()
		expect(await size()).toEqual([360, 360])
		const wider = await page.evaluate(
			() =>
				[...document.querySelectorAll('.scroll')].filter((region) => region.scrollWidth > region.clientWidth).length,
		)
		expect(wider).toBeGreaterThan(0)
		expect(await violations(page)).toEqual([])
		await close()
	})

	it('can be used with the keyboard alone', async () => {
		const { page, close } = await open(1280)
		const focused = () =>
			page.evaluate(() => {
				const { tagName, className, textContent } = document.activeElement!
				return { tag: tagName, name: className, text: textContent!.trim().slice(0, 40) }
			})
		await page.keyboard.press('Tab')
		expect(await focused()).toMatchObject({ tag: 'A', text: 'Skip to the content' })
		const titles = await page.locator('nav a').allTextContents()
		for (const title of titles) {
			await page.keyboard.press('Tab')
			expect(await focused()).toMatchObject({ tag: 'A', text: title })
		}
		await page.keyboard.press('Tab')
		expect(await focused()).toMatchObject({ tag: 'DIV', name: 'scroll' })
		await page.locator('a.skip').focus()
		await page.keyboard.press('Enter')
		expect(await focused()).toMatchObject({ tag: 'MAIN' })
		await page.keyboard.press('Tab')
		expect((await focused()).name).toBe('scroll')
		await close()
	})

	it('keeps the contents in sight', async () => {
		const { page, close } = await open(1280)
		await page.locator('nav a').last().click()
		await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(1000)
		expect((await page.locator('nav').boundingBox())!.y).toBeGreaterThanOrEqual(0)
		await close()
	})

	it('prints on paper, black on white and without what only screens need', async () => {
		const { page, close } = await open(1280, 'dark')
		await page.emulateMedia({ media: 'print' })
		const look = await page.evaluate(() => {
			const { color, backgroundColor } = getComputedStyle(document.body)
			return { color, backgroundColor, contents: getComputedStyle(document.querySelector('nav')!).display }
		})
		expect(look).toEqual({ color: 'rgb(0, 0, 0)', backgroundColor: 'rgb(255, 255, 255)', contents: 'none' })
		await page.setViewportSize({ width: 680, height: 900 })
		const wide = await page.evaluate(() =>
			[...document.querySelectorAll('table, svg')]
				.filter((part) => part.checkVisibility() && part.getBoundingClientRect().right > innerWidth + 1)
				.map((part) => part.outerHTML.slice(0, 120)),
		)
		expect(wide).toEqual([])
		const pdf = await page.pdf({ format: 'A4' })
		expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
		await close()
	})
})
