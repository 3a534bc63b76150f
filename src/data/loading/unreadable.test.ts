import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { checkImages } from '../check-images.js'
import { idsOf, labelsOf } from '../dataset.js'
import { pictureFiles } from '../folders/image-files.test.support.js'
import { exclusionNotice, findUnreadable, withoutImages } from './unreadable.js'

it('finds images that cannot be read, and leaves them out in order', async () => {
	const folder = await temporaryFolder()
	const split = await pictureFiles(folder, 7, [1, 4, 5])
	const told: number[] = []
	const found = await findUnreadable(split, (done) => told.push(done))
	expect(told).toEqual([1, 2, 3, 4, 5, 6, 7])
	expect(found.map(({ id }) => id)).toEqual(['1.png', '4.jpg', '5.png'])
	for (const { id, problem } of found) expect(problem).toContain(`${join(folder, id)} is not an image`)
	const rest = withoutImages(split, found)
	expect(idsOf(rest)).toEqual(['0.jpg', '2.jpg', '3.png', '6.jpg'])
	expect(labelsOf(rest)).toEqual([0, 2, 0, 0])
	expect(exclusionNotice(found, split.length, 'test')).toBe(
		'3 of 7 test images were excluded because they are unreadable: 1.png, 4.jpg, 5.png.',
	)
	await expect(checkImages(split)).rejects.toThrow(`3 of 7 images are unreadable:\n  ${join(folder, '1.png')}`)
})

it('leaves a split alone that is fine, and does not empty one', async () => {
	const split = await pictureFiles(await temporaryFolder(), 2)
	expect(await findUnreadable(split)).toEqual([])
	expect(withoutImages(split, [])).toBe(split)
	expect(() => withoutImages(split, [{ id: '0.jpg' }, { id: '1.png' }])).toThrow('None of the 2 images can be read')
})

it('stops when asked to', async () => {
	const split = await pictureFiles(await temporaryFolder(), 6)
	const stop = new AbortController()
	const told: number[] = []
	await findUnreadable(
		split,
		(done) => {
			told.push(done)
			if (done === 2) stop.abort()
		},
		stop.signal,
	)
	expect(told.length).toBeLessThan(6)
})
