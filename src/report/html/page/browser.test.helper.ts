/** A browser for tests of pages. */

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
