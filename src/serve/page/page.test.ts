import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violations } from '../../report/html/page/axe.test.helper.js'
import { startBrowser } from '../../report/html/page/browser.test.helper.js'
import { type Bench, createBench, startServer, type TestServer } from '../server.test.support.js'

let bench: Bench
let server: TestServer
let browser: Browser
beforeAll(async () => {
	bench = await createBench()
	server = await startServer(bench, { token: 'the-right-token' })
	browser = await startBrowser()
})
afterAll(async () => {
	await browser?.close()
	await server?.stop()
	await bench?.close()
})

/** The page in a window of that width, with what it said and asked for. */
async function open(width: number, colorScheme: 'light' | 'dark' = 'light') {
	const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme })
	const page = await context.newPage()
	const [said, asked]: [string[], string[]] = [[], []]
	page.on('pageerror', (error) => said.push(String(error)))
	page.on('console', (message) => {
		if (/Content Security|TypeError/.test(message.text())) said.push(message.text())
	})
	page.on('request', (request) => asked.push(request.url()))
	await page.goto(server.url)
	return { page, said, asked, close: () => context.close() }
}

async function pictures() {
	const names = ['<img src=x onerror=alert(1)>.png', 'photo with a long name that must not make the page wider.jpg']
	return Promise.all(
		names.map(async (name, index) => ({
			name,
			mimeType: 'image/png',
			buffer: await sharp({ create: { width: 64, height: 48 + index, channels: 3, background: '#70a040' } })
				.png()
				.toBuffer(),
		})),
	)
}

describe('the page of the server', () => {
	it.each([
		[1440, 'light'],
		[390, 'dark'],
	] as const)('classifies what is dropped on it, at %s px in %s', async (width, scheme) => {
		const { page, said, asked, close } = await open(width, scheme)
		await page.getByRole('alert').waitFor()
		expect(await page.getByRole('alert').textContent()).toContain('This server requires a token')
		await page.getByLabel('Token of this server').fill('the-right-token')
		await page.getByRole('button', { name: 'Use it' }).click()
		await page.getByText('A CLIP hardened by nap: distinguishes 3 classes, or any that you name, in').waitFor()
		expect(await page.getByRole('alert').isVisible()).toBe(false)

		await page.locator('#files').setInputFiles(await pictures())
		await page.getByText(/Answered in \d+ ms/).waitFor()
		expect(await page.locator('#results h3').allTextContents()).toEqual((await pictures()).map(({ name }) => name))
		expect(await page.locator('#results tr').count()).toBe(6)
		expect(
			await page
				.locator('#results img')
				.first()
				.evaluate((image: HTMLImageElement) => image.naturalWidth),
		).toBe(64)
		expect(await page.getByText(/^(Heavily corrected|Not unusual): correction [\d.]+, p [\d.]+$/).count()).toBe(2)
		expect(await page.locator('#meaning').textContent()).toContain('not a defense')

		await page.getByText('Your own classes').click()
		await page.getByLabel("One per line; leave empty for the model's classes").fill('fog\n\nsea')
		await page.locator('#classes').blur()
		await page.locator('#results tr').nth(3).waitFor()
		await page.waitForFunction(() => document.querySelectorAll('#results tr').length === 4)
		expect((await page.locator('#results th').allTextContents()).sort()).toEqual(['fog', 'fog', 'sea', 'sea'])

		expect(await violations(page)).toEqual([])
		const [scroll, client] = await page.evaluate(() => {
			const { scrollWidth, clientWidth } = document.documentElement
			return [scrollWidth, clientWidth]
		})
		expect(scroll).toBe(client)
		expect(said).toEqual([])
		expect(asked.filter((url) => !url.startsWith(server.url) && !url.startsWith(`blob:${server.url}`))).toEqual([])
		await page.locator('#files').setInputFiles([{ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('text') }])
		await page.getByRole('alert').waitFor()
		expect(await page.getByRole('alert').textContent()).toContain('Image 1 ("a.png") is not a readable image')
		expect(await violations(page)).toEqual([])
		if (process.env.NAPTUNE_SCREENSHOTS) {
			await page.locator('#classes').fill('')
			await page.locator('#files').setInputFiles(await pictures())
			await page.getByText(/Answered in \d+ ms/).waitFor()
			await page.screenshot({ path: `${process.env.NAPTUNE_SCREENSHOTS}/serve-${width}.png`, fullPage: true })
		}
		await close()
	})
})
