/**
 * Builds the site of the documentation into site/: npm run docs:site. The library reference comes from the comments and
 * types of package.json's exports; the pages come from the repository.
 */

import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Application } from 'typedoc'
import { build } from 'vitepress'

const root = fileURLToPath(new URL('../', import.meta.url))
const reference = `${root}docs/library`

/** Modules of the package by import name. */
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
		// The compiler has already checked the sources.
		skipErrorChecking: true,
		// Unexported parts of exported types have no page of their own.
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

/** The name that typedoc gives a module, by its path in src/. */
function nameOf(source) {
	return source.replace(/^src\//, '').replace(/\/?(index)?\.ts$/, '') || 'index'
}

await writeReference()
await build(`${root}docs`)
