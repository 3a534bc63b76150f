/** An empty folder for one test. */

import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Makes a folder that is removed when the current test ends. */
export async function temporaryFolder(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'naptune-test-'))
	// Also for the user that withoutSuperuser becomes.
	await chmod(folder, 0o755)
	onTestFinished(() => rm(folder, { recursive: true, force: true }))
	return folder
}

/**
 * Runs `action` without the right to write everywhere, which a superuser (as in many containers) has: the effective user
 * becomes nobody meanwhile.
 */
export async function withoutSuperuser<T>(action: () => Promise<T>): Promise<T> {
	const user = process.geteuid?.()
	if (user !== 0) return action()
	process.seteuid?.(65534)
	try {
		return await action()
	} finally {
		process.seteuid?.(0)
	}
}
