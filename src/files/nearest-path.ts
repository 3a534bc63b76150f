/** Finds the file or folder that someone most likely meant. */

import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { nearest } from '../core/nearest.js'

/** Folders with more entries are not searched for typing errors. */
const mostEntries = 5000

/** A sentence to end an error with, such as ` Did you mean runs/photos?`; empty if nothing is near. */
export function didYouMeanPath(path: string): string {
	const found = nearestPath(path)
	return found === undefined ? '' : ` Did you mean ${found}?`
}

/** An existing path that differs from this one in one name; undefined if there is none, or this one exists. */
function nearestPath(path: string): string | undefined {
	const missing = firstMissing(path)
	if (missing === undefined) return undefined
	const folder = dirname(missing)
	const meant = nearest(basename(missing), entries(folder))
	if (meant === undefined) return undefined
	const found = `${join(folder, meant)}${path.slice(missing.length)}`
	return statSync(found, { throwIfNoEntry: false }) ? found : undefined
}

/** The shortest beginning of a path that does not exist. */
function firstMissing(path: string): string | undefined {
	if (statSync(path, { throwIfNoEntry: false })) return undefined
	const above = dirname(path)
	return above === path ? undefined : (firstMissing(above) ?? path)
}

function entries(folder: string): string[] {
	try {
		const names = readdirSync(folder)
		return names.length > mostEntries ? [] : names
	} catch {
		// An unreadable folder suggests nothing.
		return []
	}
}
