/** Creates folders to write to. */

import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { NaptuneError } from '../core/errors.js'
import { explainWriteFailure } from './atomic-write.js'

/**
 * Creates a folder and its parents, if necessary. (`mkdir` of Node.js 20 with `recursive` never returns if the file system
 * itself refuses new folders, as /proc does.)
 * @throws NaptuneError if a file is in the way, or a folder cannot be written.
 */
export async function makeFolder(path: string): Promise<void> {
	const missing: string[] = []
	let present = resolve(path)
	while (!(await isFolder(present, path))) {
		missing.unshift(present)
		present = dirname(present)
	}
	for (const folder of missing) {
		try {
			await mkdir(folder)
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException
			// Another program may have created it meanwhile.
			if (code === 'EEXIST') continue
			if (code !== 'ENOENT') throw explainWriteFailure(error, folder)
			throw new NaptuneError(
				'NAP_FILE_UNWRITABLE',
				`Cannot create ${path}: ${dirname(folder)} does not allow new folders. Choose another place.`,
				{ cause: error },
			)
		}
	}
}

/** @throws NaptuneError if something other than a folder is there. */
async function isFolder(path: string, wanted: string): Promise<boolean> {
	let isDirectory: boolean
	try {
		isDirectory = (await stat(path)).isDirectory()
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException
		// Below a file, the loop finds the file itself further up.
		if (code === 'ENOENT' || code === 'ENOTDIR') return false
		throw explainWriteFailure(error, wanted)
	}
	if (isDirectory) return true
	throw new NaptuneError(
		'NAP_FILE_UNWRITABLE',
		`${wanted} cannot be a folder: ${path} is not a folder. Choose another one.`,
	)
}
