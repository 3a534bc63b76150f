/** Opens a tuning run on disk: its settings and its log. Files of values have checksums beside them. */

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { explainWriteFailure, removeLeftovers } from '../../files/atomic-write.js'
import { readJsonFile } from '../../files/json-file.js'
import { makeFolder } from '../../files/make-folder.js'
import { runFiles } from '../../records/names.js'
import { writeRecord } from '../../records/record-kind.js'
import { type RunDescription, runDescriptionForm } from '../../records/run.js'
import { differences } from '../../records/settings.js'

export { runFiles } from '../../records/names.js'

/**
 * Creates a run directory, or opens it to resume.
 * @param description Everything that determines the result; a run resumes only with the same description.
 * @throws NaptuneError when the directory holds another run or files that are not a run's, or cannot be written.
 */
export async function openRunDirectory(directory: string, description: RunDescription, resume: boolean): Promise<void> {
	const path = join(directory, runFiles.description)
	if (await checkRunDirectory(directory, description, resume)) {
		await removeLeftovers(directory)
		return
	}
	try {
		await makeFolder(directory)
		await removeLeftovers(directory)
		if ((await readdir(directory)).length > 0) {
			throw new NaptuneError(
				'NAP_RUN_DIFFERS',
				`${directory} is not empty and holds no run. Choose an empty or new --output folder.`,
			)
		}
	} catch (error) {
		throw error instanceof NaptuneError ? error : explainWriteFailure(error, directory)
	}
	await writeRecord(runDescriptionForm, path, description)
}

/**
 * Checks whether a run directory can be opened; writes nothing.
 * @returns Whether it already holds this run.
 * @throws NaptuneError when it holds another run, or this one without `resume`.
 */
export async function checkRunDirectory(
	directory: string,
	description: RunDescription,
	resume: boolean,
): Promise<boolean> {
	const path = join(directory, runFiles.description)
	if (!existsSync(path)) return false
	if (!resume) {
		throw new NaptuneError(
			'NAP_RUN_DIFFERS',
			`${directory} already holds a run. Continue it with --resume, or choose another --output folder.`,
		)
	}
	const changed = differences(runDescriptionForm.schema, await readJsonFile(path), description)
	if (changed.length > 0) {
		throw new NaptuneError(
			'NAP_RUN_DIFFERS',
			`${directory} holds a run that differs in ${changed.join(', ')}; resuming would mix two runs. Use the same settings, model, data and engine, or another --output folder.`,
		)
	}
	return true
}
