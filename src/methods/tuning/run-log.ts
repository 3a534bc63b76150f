/** Reads back the log of a run. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { requireIntact } from '../../files/checksum.js'
import { readJsonLines } from '../../files/json-lines.js'
import { runFiles } from './run-directory.js'

/**
 * Reads the lines of a run's log; none during the first epoch.
 * @returns The lines, and whether the log of a finished run cannot be checked, as in earlier versions.
 * @throws NaptuneError when the log was changed, or a line is not JSON.
 */
export async function readRunLog(
	directory: string,
): Promise<{ readonly path: string; readonly records: readonly unknown[]; readonly checked: boolean }> {
	const path = join(directory, runFiles.log)
	if (!existsSync(path)) return { path, records: [], checked: true }
	const found = await requireIntact(path, 'Restore it, or tune again in another --output folder.')
	const { records } = await readJsonLines(path)
	return { path, records, checked: found === 'intact' || !existsSync(join(directory, runFiles.result)) }
}
