/** A browser for tests of pages. */

import chromium from '@sparticuz/chromium'
import { type Browser, chromium as driver } from 'playwright-core'

/** What the package switches off of that which keeps pages apart. */
const mixing =
	/^--(disable-web-security|disable-site-isolation-trials|allow-running-insecure-content|disable-features=.*)$/

/**
 * Starts headless Chromium. The package brings it along, so a test that needs it never skips.
 * @param options.isolation Whether pages whose server asks for it are isolated from other origins, as in any browser of
 * people. Default false.
 * @throws An error that says what is missing, where it cannot start.
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
