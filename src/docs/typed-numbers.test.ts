import { expect, it } from 'vitest'
import { withoutGenerated } from './markers.js'
import { parsePage } from './page.test.support.js'
import { rootText } from './root.js'
import { pagePaths } from './written.js'

/** Percentages that no record holds: the level of an interval, and what an option has by default. */
const settled = /\b(95|5) %/g

/** Percentages that somebody typed. Measured ones belong into a passage that is generated from a record. */
function typedPercentages(page: string): string[] {
	const { prose } = parsePage(withoutGenerated(page))
	return [...prose.replaceAll(settled, '').matchAll(/\d[\d.,]*\s?%/g)].map(([found]) => found)
}

/** Pages whose tables are still typed from their records; a page leaves this list when its passages are generated. */
const typed: readonly string[] = ['docs/paper-mode.md']

const byHand = (await pagePaths()).filter(
	(path) => (path === 'README.md' || path.startsWith('docs/')) && !typed.includes(path),
)

it.each(byHand)('no measured percentage of %s is typed', async (path) => {
	expect(typedPercentages(await rootText(path))).toEqual([])
})

it('typed percentages are found, and generated ones are not', () => {
	const generated = 'NAP keeps <!-- generated: x -->25.6 %<!-- /generated -->, with 95 % intervals.'
	expect(typedPercentages(generated)).toEqual([])
	expect(typedPercentages(`${generated} Vanilla keeps 3.6 %.`)).toEqual(['3.6 %'])
})
