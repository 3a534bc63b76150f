/** A browser for tests of pages. */

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, chromium as driver } from 'playwright-core'

/** Flags of the package that disable isolation between pages. */
const mixing =
	/^--(disable-web-security|disable-site-isolation-trials|allow-running-insecure-content|disable-features=.*)$/

/**
 * Starts headless Chromium. The package includes it, so tests never skip for want of a browser.
 * @param options.isolation Whether pages are isolated from other origins at their server's request, as in a regular browser.
 * Default false.
 * @throws An error that names what is missing if it cannot start.
 */
export async function startBrowser({ isolation = false }: { readonly isolation?: boolean } = {}): Promise<Browser> {
	try {
		return await driver.launch({
			executablePath: await chromium.executablePath(),
			// In a single process, closing one page's context ends the browser.
			args: chromium.args.filter(
				(argument) => argument !== '--single-process' && !(isolation && mixing.test(argument)),
			),
		})
	} catch (error) {
		throw new Error(
			`Headless Chromium of @sparticuz/chromium could not start, so pages cannot be tested. It needs Linux on x64 or arm64, room in the temporary folder and npm ci with development dependencies: ${(error as Error).message}`,
			{ cause: error },
		)
	}
}

/** What Chromium needs to have WebGPU without a graphics card; harmless where there is one. */
const webGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan,WebGPU']

/**
 * Starts a browser of this machine that has WebGPU: that of the package brings none along.
 * @returns Nothing where none is installed, or it has no adapter: with why, for whoever skips.
 */
export async function startWebGpuBrowser(): Promise<{ readonly browser?: Browser; readonly why: string }> {
	const executablePath = installedBrowser()
	if (executablePath === undefined) {
		return { why: `there is none of ${browsers.join(', ')} in PATH; on Debian: apt-get install chromium libvulkan1` }
	}
	const browser = await driver.launch({ executablePath, args: ['--no-sandbox', ...webGpu] }).catch(() => undefined)
	if (!browser) return { why: `${executablePath} could not start` }
	const page = await browser.newPage()
	// The interface is there on pages of a secure origin only, and about:blank is none.
	await page.route('http://localhost/', (route) => route.fulfill({ body: '<!doctype html>', contentType: 'text/html' }))
	await page.goto('http://localhost/')
	const hasAdapter = await page.evaluate(
		"'gpu' in navigator ? navigator.gpu.requestAdapter().then((adapter) => adapter !== null) : false",
	)
	await page.close()
	if (hasAdapter) return { browser, why: '' }
	await browser.close()
	return { why: `${executablePath} has no WebGPU adapter; without a graphics card it needs libvulkan1` }
}

const browsers = ['chromium', 'chromium-browser', 'google-chrome'] as const

function installedBrowser(): string | undefined {
	const places = (process.env.PATH ?? '').split(delimiter).filter((place) => place !== '')
	return browsers.flatMap((name) => places.map((place) => join(place, name))).find((path) => existsSync(path))
}
