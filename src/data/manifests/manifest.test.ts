import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
		expect(first.notices).toEqual([expect.stringMatching(/list\.jsonl has no test split.*seed 5/)])
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
		expect(notices[0]).toMatch(/list\.csv has unknown fields, which are ignored: spilt, width\.$/)
		const content = lines(
			...['a1', 'a2', 'b1', 'b2'].map((name) => ({ image: `${name}.png`, class: name[0], fold: 1 })),
		)
		expect((await load('list.jsonl', content)).notices[0]).toMatch(/ignored: fold\.$/)
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
		expect(notices[0]).toMatch(/has no test split, so its validation images are the test split/)
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
			/l\.csv, line 4, is not a valid manifest entry .*it has class\):\n.*It is missing\n.*at image/,
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
			/entry 2, is not a valid manifest entry/,
		)
		await refused('l.json', { images: [] }, /neither an array of entries nor a split file of CoOp/)
		await refused('l.json', '{', /l\.json is not JSON/)
		await refused(
			'l.json',
			{ train: [['1.png', 0]], val: [], test: [] },
			/entry 1 of train, is not \["image path", label/,
		)
		await expect(loadDataset(join(root, 'none.csv'))).rejects.toThrow(/The manifest .*none\.csv is missing/)
	})

	it('when images are missing, given twice or outside its folder', async () => {
		await put('1.png', '2.png')
		await expect(load('l.csv', 'image,class\n1.png,a\n3.png,b\n4.png,b')).rejects.toThrow(
			/is unusable:\n {2}line 3: the image .*3\.png is missing\.\n {2}line 4: .*4\.png is missing/,
		)
		await expect(load('l.csv', 'image,class\n1.png,a\n./1.png,b')).rejects.toThrow(
			/line 3: the image 1\.png is also in line 2/,
		)
		for (const path of ['../2.png', '/etc/passwd', 'a/../../2.png', '..']) {
			await expect(load('l.csv', `image,class\n1.png,a\n${path},b`)).rejects.toThrow(
				/line 3: .* is outside .*; name the folder of images: '.*l\.csv\?images=FOLDER'/,
			)
		}
		await put('own/1.png', 'own/2.png')
		const outside = `image,class\n${join(root, 'own/1.png')},a\n${join(root, 'own/2.png')},b\n${join(root, '1.png')},a\n${join(root, '2.png')},b`
		const all = await load('l.csv', outside, '?images=/')
		expect(all.train.length + all.test.length).toBe(4)
		await expect(load('l.csv', outside, '?image=/')).rejects.toThrow(/unknown option "image"; it may have images/)
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
		await refused(csv('1.png,a,0,test', '2.png,b,1,test'), /no training images/)
		await refused(csv('1.png,a_b,0,train', '2.png,A b,1,train'), /read the same in a prompt/)
		await refused(
			csv('1.png,a,0,train', '2.png,b,1,train', '3.png,c,2,test'),
			/no training images of the class "c", to which 3\.png/,
		)
		await refused(csv('1.png,a,0,', '2.png,b,1,', '3.png,b,1,'), /The class "a" of .* has one image/)
		await refused(csv('1.png,a,0,', '2.png,a,0,'), /training images of only one class, "a"/)
	})
})

describe('tables and texts of other programs', () => {
	const cases = fileURLToPath(new URL('../../../fixtures/cases/lists/', import.meta.url))
	const rows = ['image,class,split', 'a.png,x,train', 'b.png,y,train', 'c.png,y,test']

	beforeEach(() => put('a.png', 'b.png', 'c.png'))

	it.each([
		['semicolons', 'list.csv', (line: string) => line.replaceAll(',', ';')],
		['tabs', 'list.csv', (line: string) => line.replaceAll(',', '\t')],
		['tabs', 'list.tsv', (line: string) => line.replaceAll(',', '\t')],
		['commas', 'list.tsv', (line: string) => line],
		['bars', 'list.csv', (line: string) => line.replaceAll(',', ' | ')],
		['quoted cells', 'list.csv', (line: string) => line.replace(/[^,]+/g, '"$&"').replaceAll(',', ';')],
	])('have cells separated by %s in %s', async (_, name, change) => {
		const { classNames, train, test } = await load(name, rows.map(change).join('\n'))
		expect([classNames, idsOf(train), idsOf(test)]).toEqual([['x', 'y'], ['a.png', 'b.png'], ['c.png']])
	})

	it('may begin as those of Excel do', async () => {
		const { classNames } = await load('list.csv', `\ufeffsep=;\r\n${rows.join('\r\n').replaceAll(',', ';')}`)
		expect(classNames).toEqual(['x', 'y'])
	})

	it('are read with the delimiter that they have', async () => {
		await put('photos/cat/0.png')
		await cp(join(cases, 'semicolon.csv'), join(root, 'semicolon.csv'))
		await expect(loadDataset(join(root, 'semicolon.csv'))).rejects.toThrow(/training images of only one class, "cat"/)
	})

	it('are refused where no column is understood', async () => {
		await expect(load('list.csv', 'a:b\n1:2\n')).rejects.toThrow(
			/first line of .*list\.csv names no known column: "a:b"\. Cells may be separated by commas, semicolons, tabs, bars\. Every entry of a manifest/,
		)
	})

	it('are refused where they are not UTF-8, with the byte', async () => {
		await expect(loadDataset(join(cases, 'windows-1252.csv'))).rejects.toThrow(
			/windows-1252\.csv is not UTF-8: byte 38 \(counted from 0, in line 2\) is 0xe9, which would be é in Windows-1252/,
		)
		await writeFile(join(root, 'wide.csv'), Buffer.from(`\ufeff${rows.join('\n')}`, 'utf16le'))
		await expect(loadDataset(join(root, 'wide.csv'))).rejects.toThrow(
			/wide\.csv is UTF-16 \(little-endian\), not UTF-8/,
		)
		for (const [name, text] of [
			['list.json', '[{"image": "a.png", "class": "caf\xe9"}]'],
			['list.jsonl', '{"image": "a.png", "class": "caf\xe9"}\n'],
		] as const) {
			await writeFile(join(root, name), text, 'latin1')
			await expect(loadDataset(join(root, name))).rejects.toThrow(/is not UTF-8: byte \d+ .* is 0xe9/)
		}
	})

	it('explains backslashes in paths', async () => {
		await put('cat/1.png')
		await expect(load('list.csv', 'image,class\ncat\\1.png,x\na.png,y')).rejects.toThrow(
			/line 2: the image "cat\\\\1\.png" is missing; write paths with forward slashes here: "cat\/1\.png"/,
		)
	})

	it('takes numbers of data frames for whole numbers, and says that they are no names', async () => {
		for (const column of ['label', 'class']) {
			const text = `image,${column},split\na.png,10.0,train\nb.png,2.0,train\nc.png,2.0,test`
			const { classNames, train, notices } = await load('list.csv', text)
			expect([classNames, labelsOf(train)]).toEqual([
				['2', '10'],
				[1, 0],
			])
			expect(notices[0]).toEqual(expect.stringMatching(/classes of .* are numbers, and prompts use those numbers/))
		}
	})
})

describe('names that prompts cannot tell apart', () => {
	it.each([
		['caf\u00e9', 'cafe\u0301', 'their accents are written in different ways'],
		['R&amp;B', 'r&b', 'their tokens are equal'],
		['Cat', 'cat', 'their tokens are equal'],
		['ice-cream', 'ice - cream', 'their tokens are equal'],
	])('are refused: %s and %s', async (one, other, why) => {
		await put('a.png', 'b.png', 'c.png')
		const list = [
			{ image: 'a.png', class: one, split: 'train' },
			{ image: 'b.png', class: other, split: 'train' },
			{ image: 'c.png', class: other, split: 'test' },
		]
		await expect(load('list.json', list)).rejects.toThrow(`(${why}). Merge or rename them.`)
	})
})

describe('links', () => {
	it('that lead out of the folder are refused as .. is', async () => {
		await put('inner/a.png', 'inner/b.png', 'inner/c.png', 'outside.png')
		await symlink(join('..', 'outside.png'), join(root, 'inner', 'link.png'))
		await symlink('a.png', join(root, 'inner', 'good.png'))
		const csv = (image: string) => `image,class,split\n${image},x,train\nb.png,y,train\nc.png,y,test`
		const refused = /line 2: link\.png links to .*\/outside\.png, outside .*inner; name a folder that holds both: '/
		await expect(load('inner/list.csv', csv('link.png'))).rejects.toThrow(refused)
		expect(idsOf((await load('inner/list.csv', csv('good.png'))).train)).toEqual(['good.png', 'b.png'])
		await symlink('..', join(root, 'inner', 'up'))
		await expect(load('inner/list.csv', csv('up/outside.png'))).rejects.toThrow(/up\/outside\.png links to/)
	})

	it('may lead to the whole folder', async () => {
		await put('real/a.png', 'real/b.png', 'real/c.png')
		await symlink('real', join(root, 'linked'))
		const csv = 'image,class,split\na.png,x,train\nb.png,y,train\nc.png,y,test'
		expect((await load('list.csv', csv, '?images=linked')).train.length).toBe(2)
	})
})

it('a folder named as a manifest is a folder', async () => {
	await put('photos.json/a/1.png', 'photos.json/a/2.png', 'photos.json/b/1.png', 'photos.json/b/2.png')
	expect((await loadDataset(join(root, 'photos.json'))).origin.dataset).toBe('folder')
})
