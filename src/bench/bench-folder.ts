/** A folder for what a measurement needs on disk. */

import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { atExit } from '../files/at-exit.js'
import { explainWriteFailure } from '../files/atomic-write.js'

/** A folder that is there for a while. */
export interface BenchFolder {
	readonly folder: string
	/** Deletes it with all that is in it. */
	remove(): Promise<void>
}

/**
 * Makes a new folder and fills it; it is deleted when filling fails, and when the process is ended in the middle.
 * @param directory An existing folder.
 * @throws NaptuneError when the folder cannot be written, or whatever `fill` throws.
 */
export async function benchFolder<Content extends object>(
	directory: string,
	fill: (folder: string) => Promise<Content>,
): Promise<BenchFolder & Content> {
	const folder = await mkdtemp(join(directory, 'naptune-bench-')).catch((error: unknown) => {
		throw explainWriteFailure(error, directory)
	})
	const takeBack = atExit(() => rmSync(folder, { recursive: true, force: true }))
	const remove = async () => {
		await rm(folder, { recursive: true, force: true })
		takeBack()
	}
	try {
		return { ...(await fill(folder)), folder, remove }
	} catch (error) {
		await remove()
		throw error
	}
}
