/** Removes this process's temporary files, which an abrupt end would leave behind. */

import { readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Removes them from a folder; synchronous, so that it can run while the process ends. */
export function removeOwnTemporaries(folder: string): void {
	const own = new RegExp(`^\\..+\\.${process.pid}\\.[0-9a-f]{8}\\.tmp$`)
	try {
		for (const name of readdirSync(folder)) if (own.test(name)) unlinkSync(join(folder, name))
	} catch {
		// The folder was never created, so it holds nothing.
	}
}
