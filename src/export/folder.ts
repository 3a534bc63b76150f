/** Folders that appear whole or not at all. */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { NaptuneError } from '../core/errors.js'
import { explainWriteFailure, writeChunksAtomic } from '../files/atomic-write.js'
import { makeFolder } from '../files/make-folder.js'
import type { ExportFile } from './model-message.js'

/** What an export's own description is called. */
export const exportFile = 'export.json'

/**
 * Checks, before any work, that an export may be written to a folder.
 * @param force Whether an export that lies there may be replaced; a folder with anything else in it may not.
 * @throws NaptuneError otherwise.
 */
export async function checkExportFolder(folder: string, force: boolean): Promise<void> {
	if (!existsSync(folder)) return
	const names = await readdir(folder).catch(() => {
		throw new NaptuneError('NAP_FILE_UNWRITABLE', `${folder} is not a readable folder. Choose another --output.`)
	})
	if (names.length === 0) return
	if (!names.includes(exportFile)) {
		throw new NaptuneError(
			'NAP_FILE_UNWRITABLE',
			`${folder} holds files other than an export, which naptune never replaces. Choose another --output folder.`,
		)
	}
	if (force) return
	throw new NaptuneError(
		'NAP_FILE_UNWRITABLE',
		`${folder} already holds an export. Replace it with --force, or choose another --output folder.`,
	)
}

/**
 * Lets `fill` make a folder beside the final one, and moves it there once it is complete. Where `fill` fails, nothing is left
 * behind and what was there is as it was.
 * @throws NaptuneError when the folder cannot be written; errors of `fill` pass through.
 */
export async function placeFolder<T>(folder: string, fill: (staging: string) => Promise<T>): Promise<T> {
	const final = resolve(folder)
	await makeFolder(dirname(final))
	const name = (what: string) =>
		join(dirname(final), `.${basename(final)}.${process.pid}.${randomBytes(4).toString('hex')}.${what}`)
	const staging = name('tmp')
	const aside = name('old')
	try {
		await mkdir(staging)
	} catch (error) {
		throw explainWriteFailure(error, staging)
	}
	try {
		const result = await fill(staging)
		const replaces = existsSync(final)
		try {
			if (replaces) await rename(final, aside)
			await rename(staging, final)
		} catch (error) {
			if (replaces && !existsSync(final)) await rename(aside, final)
			throw explainWriteFailure(error, final)
		}
		return result
	} finally {
		await rm(staging, { recursive: true, force: true })
		await rm(aside, { recursive: true, force: true })
	}
}

/** Writes files below a folder. @throws NaptuneError when one cannot be written. */
export async function writeFiles(folder: string, files: readonly ExportFile[]): Promise<void> {
	for (const { path, chunks } of files) {
		const target = join(folder, path)
		await makeFolder(dirname(target))
		await writeChunksAtomic(target, chunks)
	}
}
