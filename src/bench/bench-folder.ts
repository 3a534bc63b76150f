/** Creates a temporary folder for a measurement. */

import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { atExit } from '../files/at-exit.js'
import { explainWriteFailure } from '../files/atomic-write.js'

/** A temporary folder. */
export interface BenchFolder {
	readonly folder: string
	/** Deletes the folder and its content. */
	remove(): Promise<void>
}

/**
 * Creates and fills a new folder, and deletes it if filling fails or the process ends early.
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
