/** Chooses the folder for a run's TensorBoard events. */

import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NaptuneError } from '../core/errors.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { readJsonFile } from '../files/json-file.js'
import { makeFolder } from '../files/make-folder.js'
import { decodeEvent } from './events.js'
import { framedRecords } from './record-framing.js'
import type { TrackedRun } from './tracker.js'

/** File that identifies the run of a folder. */
const identityFile = 'naptune-run.json'

/** Part of the name of every file of events. */
export const eventFilePart = 'tfevents'

/** Maximum number of folders to try per name. */
const mostFolders = 10_000

/**
 * The folder of a run: its name, with `-2` and so on if that is taken. A resumed run gets its earlier folder.
 * @param folder Folder of all runs.
 * @throws NaptuneError when the folder cannot be created or written.
 */
export async function eventFolder(folder: string, { name, identity, goesOn }: TrackedRun): Promise<string> {
	const parts = name.split('/').map((part) => part.replaceAll(/[^\w.+-]+/g, '-'))
	const stem = join(folder, ...parts.filter((part) => !/^\.*$/.test(part)))
	let own: string | undefined
	for (let count = 1; count <= mostFolders; count++) {
		const path = count === 1 ? stem : `${stem}-${count}`
		const file = join(path, identityFile)
		if (!existsSync(file)) {
			// A later folder of the same run would be newer; a gap ends the search.
			if (own !== undefined) return own
			await makeFolder(path)
			await writeFileAtomic(file, `${JSON.stringify({ identity })}\n`)
			return path
		}
		if (goesOn && (await hasIdentity(file, identity))) own = path
	}
	throw new NaptuneError(
		'NAP_OPTION_INVALID',
		`${stem} and its numbered neighbours all hold runs; choose another folder.`,
	)
}

async function hasIdentity(file: string, identity: string): Promise<boolean> {
	const content = await readJsonFile(file)
	return typeof content === 'object' && content !== null && (content as { identity?: unknown }).identity === identity
}

/** The last step of every tag in a folder's event files. @throws NaptuneError when one cannot be read. */
export async function lastSteps(folder: string): Promise<Map<string, number>> {
	const steps = new Map<string, number>()
	try {
		for (const name of (await readdir(folder)).filter((file) => file.includes(eventFilePart))) {
			for (const record of framedRecords(await readFile(join(folder, name)))) {
				const { step, tags } = decodeEvent(record)
				for (const tag of tags) steps.set(tag, Math.max(step, steps.get(tag) ?? step))
			}
		}
	} catch (error) {
		throw new NaptuneError(
			'NAP_FILE_UNREADABLE',
			`The events in ${folder} could not be read: ${(error as Error).message}. Remove them, or choose another folder.`,
			{ cause: error },
		)
	}
	return steps
}
