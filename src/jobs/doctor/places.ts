/** Folders that naptune fills: how much is in them, and how much room there is. */

import { constants } from 'node:fs'
import { access, readdir, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { defaultCacheDirectory } from '../../checkpoints/weight-cache.js'
import { hubSettings } from '../../hub/hub-settings.js'
import { count } from '../../records/parts/fields.js'

/** A folder. */
export const placeSchema = z.object({
	what: z.string().describe('What is kept there.'),
	folder: z.string(),
	setBy: z.string().describe('The environment variable that moves it.'),
	exists: z.boolean(),
	writable: z.boolean().describe('Whether files can be written there, or the folder be made.'),
	bytes: count.describe('In its files, each counted once.'),
	files: count,
	freeBytes: count.nullable().describe('On its disk; null where the system does not tell.'),
})

/** A folder. */
export type Place = z.output<typeof placeSchema>

/** Looks at all of them. @throws NaptuneError when a variable of the hub is wrong. */
export function examinePlaces(): Promise<Place[]> {
	return Promise.all([
		examinePlace('checkpoints and data of the hub', hubSettings().cacheDirectory, 'HF_HOME'),
		examinePlace('weights converted to float32', defaultCacheDirectory(), 'NAPTUNE_CACHE'),
		examinePlace('temporary files', tmpdir(), process.platform === 'win32' ? 'TEMP' : 'TMPDIR', false),
		examinePlace('the current folder, where runs go', process.cwd(), '--output', false),
	])
}

/** @param counted Whether the files of the folder are of naptune, so that they are worth counting. */
export async function examinePlace(what: string, folder: string, setBy: string, counted = true): Promise<Place> {
	const path = resolve(folder)
	const exists = (await stat(path).catch(() => undefined))?.isDirectory() ?? false
	const existing = await nearestFolder(path)
	const writable = await access(existing, constants.W_OK).then(
		() => true,
		() => false,
	)
	const disk = await statfs(existing).catch(() => undefined)
	return {
		...{ what, folder: path, setBy, exists, writable },
		...(exists && counted ? await contents(path) : { bytes: 0, files: 0 }),
		freeBytes: disk ? disk.bavail * disk.bsize : null,
	}
}

async function nearestFolder(path: string): Promise<string> {
	for (let at = path; ; at = dirname(at)) {
		if (await stat(at).catch(() => undefined)) return at
		if (dirname(at) === at) return at
	}
}

/** Links of the hub's cache lead to files that are counted where they are. */
async function contents(folder: string): Promise<{ readonly bytes: number; readonly files: number }> {
	let bytes = 0
	let files = 0
	for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
		const path = join(folder, entry.name)
		if (entry.isDirectory()) {
			const inside = await contents(path)
			bytes += inside.bytes
			files += inside.files
		} else if (entry.isFile()) {
			bytes += (await stat(path).catch(() => undefined))?.size ?? 0
			files++
		}
	}
	return { bytes, files }
}
