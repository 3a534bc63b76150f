/** Walks folders of images. */

import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'

/** File endings that count as images. */
const endings = ['.jpg', '.jpeg', '.jfif', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']

/** The endings in words, for messages. */
export const readableEndings = `${endings.slice(0, -1).join(', ')} and ${endings.at(-1)}`

/** The content of a folder, each list sorted by name, without hidden entries. */
export interface FolderContent {
	readonly folders: readonly string[]
	readonly images: readonly string[]
	/** Files whose names are not those of images. */
	readonly others: readonly string[]
}

/**
 * Lists a folder; links count as their targets.
 * @throws NaptuneError if it does not exist, is not a folder, or cannot be read.
 */
export async function listFolder(path: string): Promise<FolderContent> {
	const folders: string[] = []
	const images: string[] = []
	const others: string[] = []
	for (const entry of await entriesOf(path)) {
		const { name } = entry
		if (name.startsWith('.')) continue
		if (await isFolder(entry, join(path, name))) folders.push(name)
		else if (endings.includes(extname(name).toLowerCase())) images.push(name)
		else others.push(name)
	}
	// Not in the locale's order: labels must be the same everywhere.
	return { folders: folders.sort(), images: images.sort(), others: others.sort() }
}

/** All files below a folder. Paths are relative to it, with forward slashes. */
export interface ImageTree {
	readonly images: readonly string[]
	/** Files whose names are not those of images. */
	readonly others: readonly string[]
}

/**
 * Lists a folder and all folders below it, as torchvision's `ImageFolder` does for a class: folders sorted by path, and
 * files sorted by name in each. Follows links, but not in circles.
 * @throws NaptuneError as `listFolder`.
 */
export async function listTree(path: string): Promise<ImageTree> {
	const found: { readonly below: string; readonly content: FolderContent }[] = []
	await walk(path, '', [], found)
	found.sort((a, b) => (a.below < b.below ? -1 : 1))
	const pathsOf = (kind: 'images' | 'others') =>
		found.flatMap(({ below, content }) => content[kind].map((name) => (below === '' ? name : `${below}/${name}`)))
	return { images: pathsOf('images'), others: pathsOf('others') }
}

/** @param within Real paths of the enclosing folders: a link back to one of them would never end. */
async function walk(
	path: string,
	below: string,
	within: readonly string[],
	found: { readonly below: string; readonly content: FolderContent }[],
): Promise<void> {
	const content = await listFolder(path)
	found.push({ below, content })
	if (content.folders.length === 0) return
	const here = [...within, await realpath(path)]
	for (const name of content.folders) {
		const inner = join(path, name)
		if (here.includes(await realpath(inner))) continue
		await walk(inner, below === '' ? name : `${below}/${name}`, here, found)
	}
}

/** How many files have each ending, most frequent first, such as `.bmp (12), .txt (1)`. */
export function endingsOf(names: readonly string[]): string {
	const counts = new Map<string, number>()
	for (const name of names) {
		const ending = extname(name).toLowerCase() || 'no ending'
		counts.set(ending, (counts.get(ending) ?? 0) + 1)
	}
	const sorted = [...counts].sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1))
	const shown = sorted.slice(0, 5).map(([ending, count]) => `${ending} (${count})`)
	return [...shown, ...(sorted.length > 5 ? [`and ${sorted.length - 5} more kinds`] : [])].join(', ')
}

async function entriesOf(path: string): Promise<Dirent[]> {
	try {
		return await readdir(path, { withFileTypes: true })
	} catch (cause) {
		const { code, message } = cause as NodeJS.ErrnoException
		const reasons: Record<string, string> = {
			ENOENT: 'does not exist',
			ENOTDIR: 'is not a folder',
			EACCES: 'cannot be read: permission denied',
		}
		throw new NaptuneError(
			'NAP_FILE_UNREADABLE',
			`The folder ${path} ${reasons[code ?? ''] ?? `cannot be read: ${message}`}.`,
			{ cause },
		)
	}
}

async function isFolder(entry: Dirent, path: string): Promise<boolean> {
	if (!entry.isSymbolicLink()) return entry.isDirectory()
	// A dangling link counts as a file, so that the missing image is reported by name.
	return stat(path).then(
		(target) => target.isDirectory(),
		() => false,
	)
}
