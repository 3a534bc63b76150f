/** A browser for tests of pages. */

import chromium from '@sparticuz/chromium'
import { type Browser, chromium as driver } from 'playwright-core'

/**
 * Starts headless Chromium. The package brings it along, so a test that needs it never skips.
 * @throws An error that says what is missing, where it cannot start.
 */
export async function startBrowser(): Promise<Browser> {
	try {
		return await driver.launch({
			executablePath: await chromium.executablePath(),
			// In a single process, closing one page's context ends the browser.
			args: chromium.args.filter((argument) => argument !== '--single-process'),
		})
	} catch (error) {
		throw new Error(
			`Headless Chromium of @sparticuz/chromium could not start, so pages cannot be tested. It needs Linux on x64 or arm64, room in the temporary folder and npm ci with development dependencies: ${(error as Error).message}`,
			{ cause: error },
		)
	}
}
