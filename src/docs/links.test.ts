import { access } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path/posix'
import { describe, expect, it } from 'vitest'
import { parsePage } from './page.test.support.js'
import { root, rootText } from './root.js'
import { pagePaths } from './written.js'

const paths = await pagePaths()
const pages = new Map(await Promise.all(paths.map(async (path) => [path, parsePage(await rootText(path))] as const)))
const remote = /^(https?:|mailto:)/

async function exists(path: string): Promise<boolean> {
	return access(`${root}${path}`).then(
		() => true,
		() => false,
	)
}

/** Why a link of a page leads nowhere; undefined where it leads somewhere. */
async function dead(from: string, link: string): Promise<string | undefined> {
	const [path = '', anchor] = decodeURI(link).split('#')
	const target = path === '' ? from : normalize(join(dirname(from), path))
	if (target.startsWith('..')) return `${link}: outside the repository`
	if (!(await exists(target))) return `${link}: there is no ${target}`
	if (anchor === undefined) return undefined
	const anchors = pages.get(target)?.anchors ?? parsePage(await rootText(target)).anchors
	return anchors.has(anchor) ? undefined : `${link}: no heading of ${target} is called ${anchor}`
}

describe('links', () => {
	it.each(paths)('of %s lead to files and headings that exist', async (path) => {
		const links = (pages.get(path)?.links ?? []).filter((link) => !remote.test(link))
		const problems = await Promise.all(links.map((link) => dead(path, link)))
		expect(problems.filter((problem) => problem !== undefined)).toEqual([])
	})

	it('of the README stay within the package, where npm shows it', async () => {
		const { files } = JSON.parse(await rootText('package.json')) as { readonly files: readonly string[] }
		const shipped = new Set([...files, 'README.md', 'LICENSE'])
		const links = (pages.get('README.md')?.links ?? []).filter((link) => !remote.test(link) && !link.startsWith('#'))
		expect(links.length).toBeGreaterThan(10)
		expect(links.filter((link) => !shipped.has(normalize(link).split('/', 1).join().split('#', 1).join()))).toEqual([])
	})

	it('lead to every page of docs from its index', () => {
		const linked = new Set(pages.get('docs/README.md')?.links.map((link) => `docs/${link}`))
		const own = paths.filter((path) => path.startsWith('docs/') && path !== 'docs/README.md')
		expect(own.filter((path) => !linked.has(path))).toEqual([])
	})

	it('that lead nowhere are found', async () => {
		expect(await dead('README.md', 'docs/nowhere.md')).toMatch(/there is no docs\/nowhere\.md/)
		expect(await dead('README.md', 'docs/errors.md#nap_nothing')).toMatch(/no heading/)
		expect(await dead('docs/errors.md', '../../elsewhere.md')).toMatch(/outside/)
		expect(await dead('docs/errors.md', '#nap_usage')).toBeUndefined()
	})
})
