/** Creates expensive inputs once for all workers. */

import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCli, writeTinyRun } from '../dist/cli/cli.test.helper.js'

/** Creates `name` in the shared folder of the workers, unless another worker does. @returns Its path. */
async function shared(name, make) {
	const folder = join(process.env.FUZZ_SHARED, name)
	const done = `${folder}.done`
	const first = await mkdir(folder).then(
		() => true,
		() => false,
	)
	if (first) {
		await make(folder)
		await writeFile(done, '')
	}
	while (!existsSync(done)) await new Promise((resolve) => setTimeout(resolve, 200))
	return folder
}

/** A run of a tiny model, evaluated and audited. @returns Its folder. */
export async function tinyRun() {
	const folder = await shared('tiny', async (place) => {
		const run = await writeTinyRun(place)
		for (const more of [
			['evaluate', run, '--limit', '4', '--attack', 'pgd-3', '--threads', '1'],
			['audit', run, '--limit', '4', '--quick', '--threads', '1'],
		]) {
			const { code, stderr } = await runCli(more)
			if (code !== 0 && code !== 3) console.error(`${more.join(' ')} ended with ${code}: ${stderr}`)
		}
	})
	return join(folder, 'run')
}
