import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { checkedClasses, readClassNames } from './class-names.js'

const cases = fileURLToPath(new URL('../../../fixtures/cases/lists/', import.meta.url))

async function read(content: string | object, name = 'names.json'): Promise<string[]> {
	const path = join(await temporaryFolder(), name)
	await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
	return readClassNames(path)
}

describe('readClassNames', () => {
	it('reads lists in JSON with a byte order mark and of whole numbers', async () => {
		expect(await readClassNames(join(cases, 'bom.json'))).toEqual(['zero', 'one'])
		expect(await readClassNames(join(cases, 'ints.json'))).toEqual(['1', '2'])
	})

	it.each([
		['numbers to pairs', { 0: ['n01', 'zero'], 1: ['n02', 'one'] }],
		['numbers to names, unsorted as text', { 1: 'one', 0: 'zero' }],
		['the config of a model', { model_type: 'vit', id2label: { 0: 'zero', 1: 'one' }, label2id: { zero: 0, one: 1 } }],
		['names to numbers', { one: 1, zero: 0 }],
		['a data.yaml turned into JSON', { nc: 2, names: ['zero', 'one'] }],
		[
			'a list of pairs',
			[
				['n01', 'zero'],
				['n02', 'one'],
			],
		],
		['a list', ['zero', 'one']],
	])('reads %s', async (_, json) => {
		expect(await read(json)).toEqual(['zero', 'one'])
		expect(await read(JSON.stringify(json), 'names.txt')).toEqual(['zero', 'one'])
	})

	it('orders more than ten numbers as numbers', async () => {
		const names = Array.from({ length: 12 }, (_, at) => `class ${at}`)
		expect(await read(Object.fromEntries(names.map((name, at) => [String(at), name])))).toEqual(names)
	})

	it('reads lines, also with a mark, and lists of the command line', async () => {
		expect(await read('\ufeffzero\r\n one \r\n\r\n', 'names.txt')).toEqual(['zero', 'one'])
		expect(await read('[zero]\none\n', 'names.txt')).toEqual(['[zero]', 'one'])
		expect(await readClassNames('zero, one')).toEqual(['zero', 'one'])
	})

	it.each([
		['an object of something else', { images: [], width: 3 }, 'an object with the keys images, width'],
		['numbers with a gap', { 0: 'zero', 2: 'two' }, 'an object with the keys 0, 2'],
		['lists of lists', [['a', 'b', 'c']], 'a list of list'],
		['fractions', [0.5, 1], 'a list of number'],
		['one text', '"zero"', 'one string'],
	])('refuses %s by its shape', async (_, json, shape) => {
		await expect(read(json)).rejects.toThrow(
			`holds ${shape}, which is not a list of classes. Expected: a list of names`,
		)
	})

	it('refuses what is no JSON, no UTF-8, empty or missing', async () => {
		await expect(read('[')).rejects.toThrow('is not JSON')
		await expect(read('\n')).rejects.toThrow('is not JSON')
		await expect(read('\n\n', 'names.txt')).rejects.toThrow('holds no class names')
		await expect(readClassNames('nowhere.txt')).rejects.toThrow('is missing')
		const path = join(await temporaryFolder(), 'latin.txt')
		await writeFile(path, 'caf\xe9\n', 'latin1')
		await expect(readClassNames(path)).rejects.toThrow('is not UTF-8: byte 3')
	})
})

describe('checkedClasses', () => {
	it.each([
		['cat', 'Cat'],
		['caf\u00e9', 'cafe\u0301'],
		['B&amp;B', 'b&b'],
	])('refuses %s and %s', (one, other) => {
		expect(() => checkedClasses([one, 'dog', other])).toThrow(
			'--classes has two classes that read the same in a prompt',
		)
	})

	it('returns others', () => {
		expect(checkedClasses(['cat', 'dog'])).toEqual(['cat', 'dog'])
	})
})
