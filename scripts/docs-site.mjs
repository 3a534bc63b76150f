/**
 * Builds the site of the documentation into site/: npm run docs:site. The reference of the library comes from the comments and
 * types of what package.json exports; the pages are those of the repository.
 */

import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Application } from 'typedoc'
import { build } from 'vitepress'

const root = fileURLToPath(new URL('../', import.meta.url))
const reference = `${root}docs/library`

/** Modules of the package by the names that they are imported by. */
async function modules() {
	const { exports } = JSON.parse(await readFile(`${root}package.json`, 'utf8'))
	return Object.entries(exports).flatMap(([subpath, target]) =>
		typeof target === 'object'
			? [
					{
						name: `naptune${subpath.slice(1)}`,
						source: target.default.replace(/^\.\/dist/, 'src').replace(/\.js$/, '.ts'),
					},
				]
			: [],
	)
}

/** Writes a page per module. */
async function writeReference() {
	const own = await modules()
	await rm(reference, { recursive: true, force: true })
	const app = await Application.bootstrapWithPlugins({
		plugin: ['typedoc-plugin-markdown'],
		outputs: [{ name: 'markdown', path: reference }],
		entryPoints: own.map(({ source }) => `${root}${source}`),
		tsconfig: `${root}tsconfig.json`,
		router: 'module',
		entryFileName: 'README',
		readme: 'none',
		disableSources: true,
		excludePrivate: true,
		hidePageHeader: true,
		hideBreadcrumbs: true,
		useCodeBlocks: true,
		parametersFormat: 'table',
		propertiesFormat: 'table',
		interfacePropertiesFormat: 'table',
		sanitizeComments: true,
		// The compiler has checked the sources already.
		skipErrorChecking: true,
		// What is not exported, but part of a type that is, has no page of its own.
		validation: false,
		logLevel: 'Warn',
	})
	const project = await app.convert()
	if (!project) throw new Error('typedoc could not read the sources.')
	for (const child of project.children ?? []) {
		child.name = own.find(({ source }) => child.name === nameOf(source))?.name ?? child.name
	}
	await app.generateOutputs(project)
}

/** As typedoc calls a module by its path below src/. */
function nameOf(source) {
	return source.replace(/^src\//, '').replace(/\/?(index)?\.ts$/, '') || 'index'
}

await writeReference()
await build(`${root}docs`)
