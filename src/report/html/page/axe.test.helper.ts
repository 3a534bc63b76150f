/** Finds accessibility violations in a page with axe. */

import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** Rules of axe that the page breaks, with where. */
export async function violations(page: Page): Promise<string[]> {
	await page.evaluate(axe.source)
	const found = await page.evaluate(async () => {
		const checker: typeof axe = Reflect.get(globalThis, 'axe')
		return (await checker.run()).violations
	})
	return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}
