/** The documentation as it should be: generated pages, and hand-written pages with their generated passages. */

import { readdir } from 'node:fs/promises'
import { inserts } from './inserts/all.js'
import { fillMarkers } from './markers.js'
import { docsPages } from './pages.js'
import { root, rootText } from './root.js'

/** Documentation pages outside `docs/`. */
const others = [
	'README.md',
	'examples/README.md',
	'results/README.md',
	'SECURITY.md',
	'CONTRIBUTING.md',
	'CHANGELOG.md',
]

/** Paths of all existing pages from the root of the repository. */
export async function pagePaths(): Promise<string[]> {
	const present = new Set(await readdir(root, { recursive: false }))
	const docs = (await readdir(`${root}docs`)).filter((name) => name.endsWith('.md')).sort()
	return [...others.filter((path) => present.has(path.split('/', 1).join())), ...docs.map((name) => `docs/${name}`)]
}

/** Every page with its text, by path. @throws Error if a page contains an unknown passage. */
export async function writtenDocs(): Promise<ReadonlyMap<string, string>> {
	const generated = new Map([...(await docsPages())].map(([name, text]) => [`docs/${name}`, text]))
	const byHand = (await pagePaths()).filter((path) => !generated.has(path))
	const filled = await Promise.all(
		byHand.map(async (path) => {
			try {
				return [path, await fillMarkers(await rootText(path), inserts)] as const
			} catch (cause) {
				throw new Error(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
			}
		}),
	)
	return new Map([...generated, ...filled])
}
