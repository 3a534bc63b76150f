/** The site: the pages of the repository as they are, with README.md as its first page and docs/README.md as its menu. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { dirname, join, normalize, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import GithubSlugger from 'github-slugger'
import { type DefaultTheme, defineConfig, type MarkdownOptions } from 'vitepress'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Folders whose Markdown belongs to the site; what else is in the repository does not. */
const shown = ['docs', 'examples', 'results', 'models', 'data', 'carriers', 'chaos', 'fuzz']
const hidden = (await readdir(root, { withFileTypes: true })).flatMap((entry) =>
	entry.isDirectory() && !shown.includes(entry.name) ? [`${entry.name}/**`] : [],
)

const asIndex = (path: string) => path.replace(/(^|\/)README\.md(?=$|#)/, '$1index.md')

/** Sections of docs/README.md, and the reference of the library, which is made by typedoc. */
function menu(): DefaultTheme.SidebarItem[] {
	const sections = readFileSync(`${root}docs/README.md`, 'utf8').split('\n## ').slice(1)
	return [
		...sections.map((section) => ({
			text: section.split('\n', 1)[0] ?? '',
			items: [...section.matchAll(/^- \[(.+?)\]\((.+?)\)/gm)].map(([, text = '', link = '']) => ({
				text,
				link: `/${asIndex(normalize(join('docs', link)))}`.replace(/(index)?\.md$/, ''),
			})),
		})),
		{ text: 'Exports', collapsed: true, items: exportsMenu() },
	]
}

/** A page per module of the package, in the order of their names. */
function exportsMenu(): DefaultTheme.SidebarItem[] {
	const folder = `${root}docs/library`
	if (!existsSync(folder)) return []
	return readdirSync(folder, { recursive: true, encoding: 'utf8' })
		.filter((file) => file.endsWith('.md') && file !== 'README.md')
		.map((file) => ({
			text: /^# (.*)$/m.exec(readFileSync(join(folder, file), 'utf8'))?.[1]?.replaceAll('\\', '') ?? file,
			link: `/docs/library/${asIndex(file).replace(/(index)?\.md$/, '')}`,
		}))
		.toSorted((one, other) => one.text.localeCompare(other.text, 'en'))
}

/** Files that pages link to and that are no pages: records, schemas, programs. They are copied beside the pages. */
const linked = new Set<string>()

/** Turns links between files of the repository into links of the site. */
const withSiteLinks: MarkdownOptions['config'] = (md) => {
	md.core.ruler.push('site-links', ({ tokens, env }) => {
		for (const token of tokens.flatMap(({ children }) => children ?? [])) {
			const href = token.type === 'link_open' ? token.attrGet('href') : null
			if (href === null || /^[a-z]+:|^#/.test(href)) continue
			const [path = '', anchor] = href.split('#')
			const file = resolve(dirname(env.path), decodeURI(path))
			if (path.endsWith('.md')) token.attrSet('href', asIndex(path) + (anchor === undefined ? '' : `#${anchor}`))
			else if (existsSync(file) && statSync(file).isFile()) {
				linked.add(file)
				token.attrSet('target', '_self')
			}
		}
	})
}

export default defineConfig({
	title: 'naptune',
	description: 'Harden CLIP models against adversarial images, attack them, and report what the hardening is worth.',
	lang: 'en',
	// No icon, and no request for one.
	head: [['link', { rel: 'icon', href: 'data:,' }]],
	srcDir: '..',
	outDir: '../site',
	cacheDir: '../node_modules/.cache/vitepress',
	srcExclude: hidden,
	rewrites: asIndex,
	// Works from any folder of a server, and needs none that knows clean addresses.
	cleanUrls: false,
	markdown: {
		config: withSiteLinks,
		anchor: { slugify: (text: string) => new GithubSlugger().slug(text) },
	},
	themeConfig: {
		sidebar: menu(),
		outline: [2, 3],
		search: { provider: 'local' },
		nav: [
			{ text: 'Getting started', link: '/docs/getting-started' },
			{ text: 'Evidence', link: '/docs/evidence' },
			{ text: 'Command line', link: '/docs/command-line' },
			{ text: 'Library', link: '/docs/library' },
		],
	},
	async buildEnd({ outDir }) {
		for (const file of linked) {
			const target = join(outDir, relative(root, file))
			await mkdir(dirname(target), { recursive: true })
			await copyFile(file, target)
		}
	},
})
