/** The log of a run, read back. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { requireIntact } from '../../files/checksum.js'
import { readJsonLines } from '../../files/json-lines.js'
import { runFiles } from './run-directory.js'

/**
 * Lines of a run's log; none where the first epoch is under way.
 * @returns Also whether the log of a finished run could not be checked, as one of an earlier version.
 * @throws NaptuneError when it is not what was written, or a line is no JSON.
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
