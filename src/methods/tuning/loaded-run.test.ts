import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pictureFiles } from '../../data/folders/image-files.test.support.js'
import { createImageLoader } from '../../data/loading/image-loader.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { createEngine } from '../../runtime/index.js'
import { runFiles } from './run-directory.js'
import { tinyClip, tinyDataset, tinyTuning } from './tiny.test.support.js'
import { tune } from './tune.js'

it('ends in the same bytes, whoever loads the images; unreadable ones are left out after the sample was drawn', async () => {
	const folder = await temporaryFolder()
	const engine = await createEngine({ threads: 1 })
	const loader = createImageLoader({ threads: 2 })
	try {
		const train = await pictureFiles(folder, 14, [5])
		const clip = await tinyClip(join(folder, 'model'))
		const unreadable = ['5.png', 'not drawn.png'].map((id) => ({ id, problem: '' }))
		const run = async (name: string, split: typeof train) => {
			const output = join(folder, name)
			const dataset = { ...tinyDataset(), train: split }
			const config = tinyTuning({ augmentation: 'random-resized-crop', shots: 4 })
			await tune({ engine, clip, dataset, config, output, unreadable })
			const description = JSON.parse(await readFile(join(output, runFiles.description), 'utf8'))
			return { parameters: await readFile(join(output, runFiles.parameters)), description }
		}
		const alone = await run('alone', train)
		const loaded = await run('loaded', loader.split(train))
		expect(loaded).toEqual(alone)
		// Twelve were drawn, and none was drawn for the one that is missing.
		expect(alone.description.training.images).toBe(11)
		expect(alone.description.dataset.notices).toEqual([
			'1 of 12 training images were excluded because they are unreadable: 5.png.',
		])
	} finally {
		await loader.close()
		await engine.close()
	}
})
