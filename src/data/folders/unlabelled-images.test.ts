import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { idsOf } from '../dataset.js'
import { loadUnlabelled } from './unlabelled-images.js'

it('finds images in all folders below, in sorted order', async () => {
	const root = await temporaryFolder()
	const picture = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#123456' } })
		.png()
		.toBuffer()
	await mkdir(join(root, 'b', 'inner'), { recursive: true })
	await mkdir(join(root, 'a'))
	for (const name of ['z.png', 'b/2.png', 'b/1.png', 'b/inner/0.png', 'a/9.png'])
		await writeFile(join(root, name), picture)
	await writeFile(join(root, 'notes.txt'), 'none')
	const { images } = await loadUnlabelled(root)
	expect(idsOf(images)).toEqual(['z.png', 'a/9.png', 'b/1.png', 'b/2.png', 'b/inner/0.png'])
	expect([...(await images.image(4)).rgb.subarray(0, 3)]).toEqual([0x12, 0x34, 0x56])
})

it('follows links to other folders, but not around in a circle', async () => {
	const root = await temporaryFolder()
	await mkdir(join(root, 'a', 'inner'), { recursive: true })
	await writeFile(join(root, 'a', 'inner', '1.png'), '')
	await symlink('..', join(root, 'a', 'up'))
	await symlink(join('..', '..'), join(root, 'a', 'inner', 'top'))
	await symlink(join('a', 'inner'), join(root, 'z'))
	const { images } = await loadUnlabelled(root)
	expect(idsOf(images)).toEqual(['a/inner/1.png', 'z/1.png'])
})

it('takes the training images of a data set by its name', async () => {
	const { name, images, origin } = await loadUnlabelled('cifar10-mini')
	expect([name, images.length, images.label(999)]).toEqual(['cifar10-mini', 1000, 0])
	expect(origin).toMatchObject({ dataset: 'cifar10-mini', split: 'train' })
})

it('says where nothing is', async () => {
	const root = await temporaryFolder()
	await expect(loadUnlabelled(root)).rejects.toThrow('hold no images. Give a folder with files of these kinds: .jpg,')
	await mkdir(join(root, 'a'))
	await writeFile(join(root, 'a', '1.bmp'), 'BM')
	await expect(loadUnlabelled(root)).rejects.toThrow('hold no images. Its 1 files are .bmp (1). Give a folder')
	await expect(loadUnlabelled('/nowhere/at/all')).rejects.toThrow('does not exist')
})
