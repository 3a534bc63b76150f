import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { originName } from '../../records/parts/data-origin.js'
import { idsOf, labelsOf } from '../dataset.js'
import { loadDataset } from '../registry.js'

let picture: Buffer
let root: string

beforeAll(async () => {
	picture = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#123456' } })
		.png()
		.toBuffer()
})
beforeEach(async () => {
	root = await temporaryFolder()
})

async function put(...names: string[]): Promise<void> {
	for (const name of names) {
		await mkdir(dirname(join(root, name)), { recursive: true })
		await writeFile(join(root, name), picture)
	}
}

/** Writes a manifest and loads it. */
async function load(name: string, content: string | object, options = '', seed = 1) {
	await writeFile(join(root, name), typeof content === 'string' ? content : JSON.stringify(content))
	return loadDataset(join(root, name) + options, { seed })
}
const lines = (...values: object[]) => values.map((value) => JSON.stringify(value)).join('\n')

describe('a manifest', () => {
	it('may be CSV with any of the names for its columns', async () => {
		await put('a/1.png', 'a/2.png', 'b, c/1.png', 'b, c/2.png', 'b, c/3.png')
		const csv = [
			'\ufeffFile_Name,extra,Class,SPLIT',
			'a/1.png,9,hot_dog,train',
			'a/2.png,9,hot_dog,test',
			'',
			'"b, c/1.png",9,"bun, sweet",Training',
			'"./b, c//2.png",9,"bun, sweet",val',
			'"b, c/3.png",,"bun, sweet",test',
		].join('\r\n')
		const { name, classNames, train, validation, test, notices, origin } = await load('list.csv', csv)
		expect([name, classNames]).toEqual(['list', ['bun, sweet', 'hot_dog']])
		expect([idsOf(train), labelsOf(train)]).toEqual([
			['a/1.png', 'b, c/1.png'],
			[1, 0],
		])
		expect([idsOf(validation), idsOf(test)]).toEqual([['b, c/2.png'], ['a/2.png', 'b, c/3.png']])
		expect(notices).toEqual([expect.stringMatching(/no validation images of 1 of 2 classes: hot_dog/)])
		expect(origin).toEqual({
			dataset: 'manifest',
			path: join(root, 'list.csv'),
			sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
			split: 'given',
		})
		expect((await test.image(1)).width).toBe(3)
		expect(await test.source!(0)).toEqual({ kind: 'file', path: join(root, 'a/2.png') })
	})

	it('without splits gets one that is drawn by the seed, and says so', async () => {
		const names = Array.from({ length: 20 }, (_, at) => `${at}.png`)
		await put(...names)
		const content = lines(...names.map((image, at) => ({ image, class: at < 10 ? 'a' : 'b' })))
		const first = await load('list.jsonl', content, '', 5)
		expect([first.train.length, first.validation.length, first.test.length]).toEqual([10, 4, 6])
		expect(first.notices).toEqual([expect.stringMatching(/list\.jsonl comes without a test split.*seed 5/)])
		expect(first.origin).toMatchObject({ split: 'drawn', splitSeed: 5 })
		expect((await load('list.jsonl', content, '', 5)).origin).toEqual(first.origin)
		expect(idsOf((await load('list.jsonl', content, '', 6)).test)).not.toEqual(idsOf(first.test))
		// The images' own order, not that of their names.
		expect(idsOf(first.train)).toEqual(names.filter((id) => idsOf(first.train).includes(id)))
	})

	it('names the fields that it does not read where a split is drawn, since one of them may be meant for it', async () => {
		await put('a1.png', 'a2.png', 'b1.png', 'b2.png')
		const rows = ['a1.png,a,train,3', 'a2.png,a,test,3', 'b1.png,b,train,3', 'b2.png,b,test,3'].join('\n')
		const { notices } = await load('list.csv', `image,class,Spilt,width\n${rows}\n`)
		expect(notices[0]).toMatch(/list\.csv has fields that are not read: spilt, width\.$/)
		const content = lines(
			...['a1', 'a2', 'b1', 'b2'].map((name) => ({ image: `${name}.png`, class: name[0], fold: 1 })),
		)
		expect((await load('list.jsonl', content)).notices[0]).toMatch(/not read: fold\.$/)
		const given = await load('given.csv', `image,class,split,width\n${rows}\n`)
		expect(given.notices).toEqual([])
	})

	it('tests on validation images where there are no others', async () => {
		await put('1.png', '2.png', '3.png')
		const entries = [
			{ image: '1.png', label: 'x', split: 'train' },
			{ image: '2.png', label: 'y', split: 'train' },
			{ image: '3.png', label: 'y', split: 'validation' },
		]
		const { validation, test, notices } = await load('list.json', entries)
		expect([validation.length, idsOf(test)]).toEqual([0, ['3.png']])
		expect(notices[0]).toMatch(/has no test split: its validation images are the test split/)
	})

	it('orders classes by their numbers', async () => {
		await put('1.png', '2.png', '3.png', '4.png')
		const entry = (at: number, rest: object) => ({ path: `${at}.png`, ...rest, split: at < 3 ? 'train' : 'test' })
		const named = [
			entry(1, { class: 'a', label: 7 }),
			entry(2, { class: 'b', label: 2 }),
			entry(3, { class: 'a', label: 7 }),
			entry(4, { class: 'b', label: 2 }),
		]
		const { classNames, train } = await load('named.json', named)
		expect([classNames, labelsOf(train)]).toEqual([
			['b', 'a'],
			[1, 0],
		])
		const numbers = await load(
			'numbers.csv',
			'image,label,split\n1.png,10,train\n2.png,9,train\n3.png,9,test\n4.png,10,test',
		)
		expect([numbers.classNames, labelsOf(numbers.test)]).toEqual([
			['9', '10'],
			[0, 1],
		])
		expect(numbers.notices).toEqual([expect.stringMatching(/classes of .*numbers\.csv are numbers/)])
	})

	it('may be a split file of CoOp, with the folder of its images', async () => {
		await put('photos/cup/1.png', 'photos/cup/2.png', 'photos/pan/1.png', 'photos/pan/2.png')
		const split = {
			train: [
				['cup/1.png', 1, 'cup'],
				['pan/1.png', 0, 'pan'],
			],
			val: [['cup/2.png', 1, 'cup']],
			test: [['pan/2.png', 0, 'pan']],
		}
		const { classNames, train, validation, test, origin } = await load('split.json', split, '?images=photos')
		expect([classNames, idsOf(train)]).toEqual([
			['pan', 'cup'],
			['cup/1.png', 'pan/1.png'],
		])
		expect([idsOf(validation), idsOf(test)]).toEqual([['cup/2.png'], ['pan/2.png']])
		expect(originName(origin)).toBe(`${join(root, 'split.json')}?images=photos`)
		expect((await loadDataset(originName(origin))).origin).toEqual(origin)
		await expect(load('split.json', split)).rejects.toThrow(
			/entry 1 of train: the image .*cup\/1\.png is missing.*\n(?:.|\n)*relative to the folder of images; name it: '.*split\.json\?images=FOLDER'/,
		)
	})
})

describe('a manifest is refused', () => {
	it('naming the line that is wrong', async () => {
		const refused = (name: string, content: string | object, message: RegExp) =>
			expect(load(name, content)).rejects.toThrow(message)
		await refused('l.csv', 'image,class\n1.png,a\n2.png\n', /l\.csv is not CSV: .*line 3/)
		await refused(
			'l.csv',
			'image,class\n\n1.png,a\n,b\n',
			/l\.csv, line 4, is not an entry .*it has class\):\n.*It is missing\n.*at image/,
		)
		await refused('l.csv', 'image,class,split\n1.png,a,tset\n', /line 2,(?:.|\n)*got "tset"/)
		await refused('l.csv', 'image,class,category\n1.png,a,b\n', /"class" and "category", which mean the same/)
		await refused('l.csv', 'image,class\n', /holds no images/)
		await refused('l.csv', 'image\n1.png\n', /line 2, has no class/)
		await refused('l.jsonl', '{"image":"1.png","class":"a"}\n\n{"image"', /l\.jsonl, line 3, is not JSON/)
		await refused('l.jsonl', '[1]\n', /line 1, is not an object/)
		await refused(
			'l.json',
			[
				{ image: '1.png', class: 'a' },
				{ image: 5, class: 'a' },
			],
			/entry 2, is not an entry/,
		)
		await refused('l.json', { images: [] }, /neither an array of entries nor a split file of CoOp/)
		await refused('l.json', '{', /l\.json is not JSON/)
		await refused(
			'l.json',
			{ train: [['1.png', 0]], val: [], test: [] },
			/entry 1 of train, is not \["image path", label/,
		)
		await expect(loadDataset(join(root, 'none.csv'))).rejects.toThrow(/none\.csv could not be read: ENOENT/)
	})

	it('when images are missing, given twice or outside its folder', async () => {
		await put('1.png', '2.png')
		await expect(load('l.csv', 'image,class\n1.png,a\n3.png,b\n4.png,b')).rejects.toThrow(
			/cannot be used:\n {2}line 3: the image .*3\.png is missing\.\n {2}line 4: .*4\.png is missing/,
		)
		await expect(load('l.csv', 'image,class\n1.png,a\n./1.png,b')).rejects.toThrow(
			/line 3: the image 1\.png is in line 2, too/,
		)
		for (const path of ['../2.png', '/etc/passwd', 'a/../../2.png', '..']) {
			await expect(load('l.csv', `image,class\n1.png,a\n${path},b`)).rejects.toThrow(
				/line 3: .* lies outside .*; name the folder of images: '.*l\.csv\?images=FOLDER'/,
			)
		}
		await put('own/1.png', 'own/2.png')
		const outside = `image,class\n${join(root, 'own/1.png')},a\n${join(root, 'own/2.png')},b\n${join(root, '1.png')},a\n${join(root, '2.png')},b`
		const all = await load('l.csv', outside, '?images=/')
		expect(all.train.length + all.test.length).toBe(4)
		await expect(load('l.csv', outside, '?image=/')).rejects.toThrow(/option "image"; known are images/)
	})

	it('when entries disagree', async () => {
		await put('1.png', '2.png', '3.png', '4.png')
		const csv = (...rows: string[]) => ['image,class,label,split', ...rows].join('\n')
		const refused = (content: string, message: RegExp) => expect(load('l.csv', content)).rejects.toThrow(message)
		await refused(
			csv('1.png,a,0,train', '2.png,b,0,train'),
			/line 2 and line 3 disagree: class "a" has label 0, class "b" has/,
		)
		await refused(csv('1.png,a,0,train', '2.png,a,1,train'), /line 2 and line 3 disagree/)
		await refused(csv('1.png,a,0,train', '2.png,b,,train'), /line 3 has a label without a number, while line 2/)
		await refused(csv('1.png,a,0,train', '2.png,b,1,'), /line 3 has no split, while line 2 has one/)
		await refused(csv('1.png,a,0,test', '2.png,b,1,test'), /no images for training/)
		await refused(csv('1.png,a_b,0,train', '2.png,A b,1,train'), /read the same in a prompt/)
		await refused(
			csv('1.png,a,0,train', '2.png,b,1,train', '3.png,c,2,test'),
			/no training images of the class "c", which 3\.png/,
		)
		await refused(csv('1.png,a,0,', '2.png,b,1,', '3.png,b,1,'), /The class "a" of .* has one image/)
		await refused(csv('1.png,a,0,', '2.png,a,0,'), /training images of one class only, "a"/)
	})
})

it('a folder named as a manifest is a folder', async () => {
	await put('photos.json/a/1.png', 'photos.json/a/2.png', 'photos.json/b/1.png', 'photos.json/b/2.png')
	expect((await loadDataset(join(root, 'photos.json'))).origin.dataset).toBe('folder')
})
