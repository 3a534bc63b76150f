/** What a person with a few photographs gets who asks for nothing else. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { loadCifar10Mini } from '../data/cifar10-mini.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { evaluate } from './evaluate.js'
import { tune } from './tune.js'

/** Five classes of 20 photographs, one folder each. */
async function photographs(): Promise<string> {
	const folder = await temporaryFolder()
	const { classNames, train } = await loadCifar10Mini()
	for (let index = 0; index < train.length; index++) {
		const label = train.label(index)
		if (label >= 5 || index % 100 >= 20) continue
		const { width, height, rgb } = await train.image(index)
		const directory = join(folder, 'photos', classNames[label] ?? '')
		await mkdir(directory, { recursive: true })
		await sharp(rgb, { raw: { width, height, channels: 3 } })
			.png()
			.toFile(join(directory, `${index}.png`))
	}
	return folder
}

it('ends above vanilla on five classes of 20 photographs', { timeout: 300_000 }, async () => {
	const folder = await photographs()
	const notes: string[] = []
	const output = join(folder, 'run')
	const tuned = await tune({ data: join(folder, 'photos'), output }, { onNote: ({ text }) => notes.push(text) })
	expect(tuned.images).toBe(50)
	expect(tuned.warnings).toEqual([])
	expect(tuned.epsilon).toBeGreaterThan(1 / 255)
	expect(notes.join('\n')).toContain('No epsilon was given, so this run takes')
	const { rows, epsilon, images } = await evaluate({ run: output, attack: 'pgd-20', knowledge: ['full'] })
	expect({ epsilon, images }).toEqual({ epsilon: tuned.epsilon, images: 30 })
	const accuracyOf = (defense: string) => rows.find((row) => row.defense === defense)?.robust.accuracy ?? Number.NaN
	expect(accuracyOf('nap')).toBeGreaterThan(accuracyOf('vanilla'))
})
