import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { checkImages } from '../check-images.js'
import { labelsOf, type Split } from '../dataset.js'
import { loadDataset } from '../registry.js'
import { loadFolder } from './folder.js'

let base: string
let root: string
let picture: Buffer
let count = 0

beforeAll(async () => {
	base = await mkdtemp(join(tmpdir(), 'naptune-folder-'))
	picture = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#123456' } })
		.png()
		.toBuffer()
})
afterAll(() => rm(base, { recursive: true, force: true }))
beforeEach(() => {
	root = join(base, `set-${count++}`)
})

async function put(...names: string[]): Promise<void> {
	for (const name of names) {
		await mkdir(dirname(join(root, name)), { recursive: true })
		await writeFile(join(root, name), picture)
	}
}
const many = (folder: string, n: number) => Array.from({ length: n }, (_, at) => `${folder}/${at}.png`)
const ids = (split: Split) => Array.from({ length: split.length }, (_, at) => split.id(at))

describe('loadFolder with one folder per class', () => {
	it('draws a split of every class and says so', async () => {
		await put(...many('dog', 10), ...many('hot_dog', 20))
		const { name, classNames, train, validation, test, notices, origin } = await loadFolder(root, 7)
		expect(name).toBe(`set-${count - 1}`)
		expect(classNames).toEqual(['dog', 'hot_dog'])
		expect([train.length, validation.length, test.length]).toEqual([15, 6, 9])
		expect(labelsOf(validation)).toEqual([0, 0, 1, 1, 1, 1])
		expect([...ids(train), ...ids(validation), ...ids(test)].sort()).toEqual(
			[...many('dog', 10), ...many('hot_dog', 20)].sort(),
		)
		expect(notices).toEqual([
			expect.stringMatching(/has no test split.*split with seed 7 into 15 training, 6 validation and 9 test/),
		])
		expect(origin).toMatchObject({ dataset: 'folder', path: root, split: 'drawn', splitSeed: 7 })
		const image = await train.image(0)
		expect([image.width, image.height, ...image.rgb.subarray(0, 3)]).toEqual([3, 2, 0x12, 0x34, 0x56])
	})

	it('draws the same split again, another for another seed, and per class whatever the other classes are', async () => {
		await put(...many('a', 30), ...many('b', 30))
		const first = await loadFolder(root, 1)
		expect(ids((await loadFolder(root, 1)).test)).toEqual(ids(first.test))
		expect((await loadFolder(root, 1)).origin).toEqual(first.origin)
		expect(ids((await loadFolder(root, 2)).test)).not.toEqual(ids(first.test))
		await put(...many('c', 5))
		const more = await loadFolder(root, 1)
		expect(ids(more.test).filter((id) => !id.startsWith('c/'))).toEqual(ids(first.test))
		expect(more.origin).not.toEqual(first.origin)
	})

	it('keeps an image of a class of two for testing', async () => {
		await put(...many('a', 2), ...many('b', 3))
		const { train, validation, test } = await loadFolder(root, 1)
		expect([labelsOf(train), labelsOf(validation), labelsOf(test)]).toEqual([[0, 1, 1], [], [0, 1]])
	})

	it('sorts names by code, passes over hidden and other files, and follows links', async () => {
		await put(...many('b', 2), ...many('a', 2), 'notes.txt', 'a/Thumbs.db', 'a/.hidden.png', '.git/x.png')
		await put(...many('Z', 2))
		await symlink(join(root, 'a'), join(root, 'linked'))
		const { classNames, notices } = await loadFolder(root, 1)
		expect(classNames).toEqual(['Z', 'a', 'b', 'linked'])
		expect(notices[1]).toMatch(/^3 files were ignored, because their names or places are not those of images/)
	})

	it('takes images in folders inside class folders as ImageFolder of torchvision does, and says so', async () => {
		await put(...many('test/a', 1), ...many('train/b', 2), 'train/a/z.png', 'train/a/x/1.png', 'train/a/x/y/0.png')
		await put('train/a/x-y/3.png', 'train/a/.hidden/1.png', 'train/a/x/notes.txt')
		await symlink('..', join(root, 'train/a/x/up'))
		const { train, notices } = await loadFolder(root, 1)
		// Folders in the order of their paths, as torchvision sorts what os.walk gives: - comes before /.
		expect(ids(train).slice(0, 4)).toEqual([
			'train/a/z.png',
			'train/a/x/1.png',
			'train/a/x-y/3.png',
			'train/a/x/y/0.png',
		])
		expect(labelsOf(train)).toEqual([0, 0, 0, 0, 1, 1])
		expect(notices.join('\n')).toMatch(
			/3 images are in folders inside the class folders of .*train; they belong to the class/,
		)
		expect(notices.join('\n')).toMatch(/1 files were ignored, .*: \.txt \(1\), starting with .*notes\.txt/)
	})

	it('takes a folder of pictures of trains for a class, also with folders in it', async () => {
		await put(...many('train', 4), ...many('train/steam', 2), ...many('bus', 4))
		const { classNames, train, validation, test } = await loadFolder(root, 1)
		expect(classNames).toEqual(['bus', 'train'])
		expect(train.length + validation.length + test.length).toBe(10)
	})

	it('takes a folder of pictures of trains for a class', async () => {
		await put(...many('train', 4), ...many('bus', 4))
		expect((await loadFolder(root, 1)).classNames).toEqual(['bus', 'train'])
	})
})

describe('loadFolder with split folders', () => {
	it('takes train, val and test as they are', async () => {
		await put(
			...many('train/a', 3),
			...many('train/b', 2),
			...many('val/b', 1),
			...many('test/a', 1),
			...many('test/b', 2),
			'docs/readme.md',
		)
		const { classNames, train, validation, test, notices, origin } = await loadFolder(root, 1)
		expect(classNames).toEqual(['a', 'b'])
		expect(labelsOf(train)).toEqual([0, 0, 0, 1, 1])
		expect(ids(validation)).toEqual(['val/b/0.png'])
		expect(labelsOf(validation)).toEqual([1])
		expect(ids(test)).toEqual(['test/a/0.png', 'test/b/0.png', 'test/b/1.png'])
		expect(notices).toEqual([
			expect.stringMatching(/val has no images of 1 of 2 classes: a\./),
			expect.stringMatching(/docs is not a split and was ignored/),
		])
		expect(origin).toMatchObject({ split: 'given', folders: ['train', 'val', 'test'] })
		expect((await test.image(2)).width).toBe(3)
	})

	it('tests on val where there is no test folder, and says so', async () => {
		await put(...many('train/a', 2), ...many('train/b', 2), ...many('val/a', 1), ...many('val/b', 1))
		const { validation, test, notices } = await loadFolder(root, 1)
		expect([validation.length, ids(test)]).toEqual([0, ['val/a/0.png', 'val/b/0.png']])
		expect(notices).toEqual([
			expect.stringMatching(/no test folder, so val is the test split, and validation is empty/),
		])
	})

	it('splits the images of a lone train folder', async () => {
		await put(...many('train/a', 10), ...many('train/b', 10))
		const { train, test, notices } = await loadFolder(root, 1)
		expect([train.length, test.length]).toEqual([10, 6])
		expect(train.id(0)).toMatch(/^train\/a\//)
		expect(notices[0]).toMatch(/split with seed 1/)
	})

	it('refuses a class that is tested but not trained', async () => {
		await put(...many('train/a', 2), ...many('train/b', 2), ...many('test/c', 1))
		await expect(loadFolder(root, 1)).rejects.toThrow(/test\/c is a class without a training folder of the same name/)
	})
})

describe('loadFolder with bad input', () => {
	it('explains what is wrong and where', async () => {
		await put(...many('a', 2))
		await expect(loadFolder(root, 1)).rejects.toThrow(/holds one class folder, "a"; .* at least two/)
		await mkdir(join(root, 'b'))
		await expect(loadFolder(root, 1)).rejects.toThrow(/class folder .*\/b holds no images/)
		await put('b/1.bmp', 'b/more/2.BMP', 'b/notes.txt')
		await expect(loadFolder(root, 1)).rejects.toThrow(
			/b holds no images\. Its 3 files are \.bmp \(2\), \.txt \(1\); naptune reads \.jpg, .* and \.avif\. Convert them/,
		)
		await put('b/1.png')
		await expect(loadFolder(root, 1)).rejects.toThrow(/class "b" .* has one image/)
	})

	it('refuses images without class folders, an empty folder and a missing one', async () => {
		await put('1.png', '2.png')
		await expect(loadFolder(root, 1)).rejects.toThrow(/holds no class folders, but 2 images outside any class folder/)
		await rm(join(root, '1.png'))
		await rm(join(root, '2.png'))
		await writeFile(join(root, '3.bmp'), 'BM')
		await expect(loadFolder(root, 1)).rejects.toThrow(
			/no class folders\. .* Its 1 files are \.bmp \(1\); naptune reads/,
		)
		await rm(join(root, '3.bmp'))
		await expect(loadFolder(root, 1)).rejects.toThrow(
			/holds no class folders\. Put the images into one folder per class/,
		)
		await expect(loadFolder(join(root, 'nowhere'), 1)).rejects.toThrow(/nowhere does not exist/)
	})

	it.each([
		['hot_dog', 'hot dog'],
		['Ice  Cream', 'ice_cream'],
	])('refuses the classes %s and %s, which read the same in a prompt', async (one, other) => {
		await put(...many(one, 2), ...many(other, 2))
		await expect(loadFolder(root, 1)).rejects.toThrow(/read the same in a prompt/)
	})

	it('names unreadable images by their paths', async () => {
		await put(...many('a', 4), ...many('b', 4))
		await writeFile(join(root, 'a', '2.png'), 'not an image')
		await symlink(join(root, 'gone.png'), join(root, 'b', 'link.png'))
		const { train, validation, test } = await loadFolder(root, 1)
		const failures: string[] = []
		let done = 0
		for (const split of [train, validation, test]) {
			await checkImages(split, () => done++).catch((error: unknown) => {
				expect(error).toBeInstanceOf(NaptuneError)
				failures.push((error as Error).message)
			})
		}
		expect(done).toBe(9)
		expect(failures.join('\n')).toMatch(/a\/2\.png is not a readable image/)
		expect(failures.join('\n')).toMatch(/b\/link\.png does not exist/)
	})
})

describe('loadDataset', () => {
	it('knows names and folders, and says so of anything else', async () => {
		expect((await loadDataset('cifar10-mini')).test.length).toBe(1000)
		await put(...many('a', 2), ...many('b', 2))
		expect((await loadDataset(root)).classNames).toEqual(['a', 'b'])
		await expect(loadDataset(join(root, 'a', '0.png'))).rejects.toThrow(/is not a folder/)
		await expect(loadDataset('cifar11')).rejects.toThrow(
			/"cifar11" is neither a known data set \(cifar10-mini, imagenet, .*\) nor an existing folder/,
		)
	})
})

const caltech = fileURLToPath(new URL('../../../../shared/data/caltech-101/101_ObjectCategories/', import.meta.url))

describe.skipIf(!existsSync(caltech))('loadFolder on real photographs', () => {
	it('reads Caltech101', async () => {
		const { classNames, train, validation, test } = await loadFolder(caltech, 1)
		expect(classNames.length).toBeGreaterThanOrEqual(100)
		expect(train.length + validation.length + test.length).toBeGreaterThan(8000)
		for (let at = 0; at < test.length; at += 100) {
			const { width, height, rgb } = await test.image(at)
			expect(rgb).toHaveLength(width * height * 3)
		}
	})
})
