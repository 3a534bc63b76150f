import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder, withoutSuperuser } from '../../files/temporary-folder.test.helper.js'
import { missingFiles } from './missing-files.js'

it('names what is not there in order, and finds files in folders that may not be listed', async () => {
	const folder = await temporaryFolder()
	for (const below of ['a', 'closed']) {
		await mkdir(join(folder, below))
		await writeFile(join(folder, below, '1.jpg'), '')
	}
	const paths = ['gone/1.jpg', 'a/2.jpg', 'a/1.jpg', 'closed/1.jpg', 'a/1.jpg/x.jpg', 'gone/2.jpg', 'x.jpg']
	await chmod(join(folder, 'closed'), 0o111)
	const missing = await withoutSuperuser(() => missingFiles(folder, paths))
	await chmod(join(folder, 'closed'), 0o755)
	expect(missing).toEqual(['gone/1.jpg', 'a/2.jpg', 'a/1.jpg/x.jpg', 'gone/2.jpg', 'x.jpg'])
})
