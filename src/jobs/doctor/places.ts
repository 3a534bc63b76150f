/** Examines the folders that naptune fills: how much they hold, and how much space is left. */

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
	what: z.string().describe('What the folder holds.'),
	folder: z.string(),
	setBy: z.string().describe('The environment variable or option that moves it.'),
	exists: z.boolean(),
	writable: z.boolean().describe('Whether naptune can write there, or create the folder.'),
	bytes: count.describe('Size of its files, each counted once.'),
	files: count,
	freeBytes: count.nullable().describe('Free space on its disk; null if the system does not report it.'),
})

/** A folder. */
export type Place = z.output<typeof placeSchema>

/** Examines all folders. @throws NaptuneError when a variable of the hub is wrong. */
export function examinePlaces(): Promise<Place[]> {
	return Promise.all([
		examinePlace('checkpoints and data of the hub', hubSettings().cacheDirectory, 'HF_HOME'),
		examinePlace('weights converted to float32', defaultCacheDirectory(), 'NAPTUNE_CACHE'),
		examinePlace('temporary files', tmpdir(), process.platform === 'win32' ? 'TEMP' : 'TMPDIR', false),
		examinePlace('the current folder, where runs go', process.cwd(), '--output', false),
	])
}

/** @param counted Whether the files in the folder belong to naptune and so are worth counting. */
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

/** Skips links; the hub's cache links to files that are counted in place. */
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
