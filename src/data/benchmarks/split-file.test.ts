import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { splitNames } from '../folders/listing.js'
import { benchmarks } from './all.js'
import { fingerprintsOf } from './open-benchmark.js'
import { readSplitFile } from './split-file.js'
import { sameSpoken } from './spoken-names.js'

type Row = readonly [unknown, unknown, unknown]
const whole = {
	train: [
		['b/1.jpg', 1, 'hot_dog'],
		['a/1.jpg', 0, 'cat'],
	],
	val: [['a/2.jpg', 0, 'cat']],
	test: [
		['a/3.jpg', 0, 'cat'],
		['b/3.jpg', 1, 'hot_dog'],
	],
} satisfies Record<string, Row[]>

async function written(content: unknown): Promise<string> {
	const path = join(await temporaryFolder(), 'split.json')
	await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
	return path
}

describe('readSplitFile', () => {
	it('keeps the order of the lists, and names by label', async () => {
		const path = await written(whole)
		const { classNames, train, validation, test, named } = await readSplitFile(path, 'images')
		expect(classNames).toEqual(['cat', 'hot_dog'])
		expect(train).toEqual([
			{ id: 'images/b/1.jpg', label: 1 },
			{ id: 'images/a/1.jpg', label: 0 },
		])
		expect(validation).toEqual([{ id: 'images/a/2.jpg', label: 0 }])
		expect(test.map(({ id }) => id)).toEqual(['images/a/3.jpg', 'images/b/3.jpg'])
		expect(named).toEqual(splitNames)
		expect((await readSplitFile(path, '')).train[0]?.id).toBe('b/1.jpg')
	})

	const first = (row: Row) => ({ ...whole, train: [row, ...whole.train] })
	it.each<[string, unknown, RegExp]>([
		['no JSON', '{"train":', /not valid JSON/],
		['a list', [], /is unusable: it is not a valid split file/],
		['a key that is missing', { train: whole.train, test: whole.test }, /val/],
		['a key too many', { ...whole, extra: [] }, /extra.*known keys: train, val, test/s],
		['a pair', { ...whole, val: [['a/2.jpg', 0]] }, /val/],
		['a label that is no number', first(['a/9.jpg', '0', 'cat']), /train\[0\]\[1\]/],
		['a negative label', first(['a/9.jpg', -1, 'cat']), /train\[0\]\[1\]/],
		['a fraction', first(['a/9.jpg', 0.5, 'cat']), /train\[0\]\[1\]/],
		['an empty test list', { ...whole, test: [] }, /its list test is empty/],
		['a path to the outside', first(['../../etc/passwd', 0, 'cat']), /"\.\.\/\.\.\/etc\/passwd" \(train 0\)/],
		['a path that goes out and in', first(['a/../../x.jpg', 0, 'cat']), /below the folder of images/],
		['an absolute path', first(['/etc/passwd', 0, 'cat']), /below the folder of images/],
		['a drive', first(['C:/x.jpg', 0, 'cat']), /below the folder of images/],
		['backslashes', first(['a\\..\\..\\x.jpg', 0, 'cat']), /below the folder of images/],
		['an empty path', first(['', 0, 'cat']), /below the folder of images/],
		['a zero byte', first(['a/\0.jpg', 0, 'cat']), /below the folder of images/],
		['two names of a label', first(['a/9.jpg', 0, 'dog']), /label 0 has two class names, "dog" and "cat"/],
		['an empty name', first(['a/9.jpg', 2, '_']), /label 2 has an empty class name/],
		['a gap in the labels', first(['a/9.jpg', 3, 'dog']), /3 labels are not 0 to 2: it has 3/],
		['a label beyond measure', first(['a/9.jpg', 2 ** 40, 'dog']), /it has 1099511627776/],
		[
			'a class without training images',
			{ ...whole, test: [...whole.test, ['c/1.jpg', 2, 'dog']] },
			/label 2 \(dog\) has no training image/,
		],
		['an image twice', first(['a/1.jpg', 0, 'cat']), /"a\/1\.jpg" is listed twice: train 0 and train 2/],
		[
			'an image in two splits',
			{ ...whole, val: [['b/3.jpg', 1, 'hot_dog']] },
			/"b\/3\.jpg" is listed twice: val 0 and test 1/,
		],
	])('refuses %s', async (_what, content, message) => {
		const reading = readSplitFile(await written(content), 'images')
		await expect(reading).rejects.toThrow(NaptuneError)
		await expect(reading).rejects.toThrow(message)
	})

	it('shows a few of thousands of problems', async () => {
		const many = Array.from({ length: 5000 }, () => ['a.jpg', 'x', 1])
		const error = await readSplitFile(await written({ ...whole, val: many }), '').catch((error: Error) => error)
		expect((error as Error).message.split('\n').length).toBeLessThan(20)
		expect((error as Error).message).toContain('more')
	})
})

const shared = fileURLToPath(new URL('../../../../shared/data/', import.meta.url))
const published = benchmarks.flatMap((benchmark) => {
	if (benchmark.layout.kind !== 'split-file') return []
	const { name } = benchmark.layout.file
	const path = [join(shared, 'splits', name), join(shared, benchmark.folder, name)].find(existsSync)
	return path === undefined ? [] : [{ ...benchmark, path, file: benchmark.layout.file }]
})

describe.skipIf(published.length === 0)('the published split files', () => {
	it('are seven of the nine', () => {
		expect(published).toHaveLength(7)
	})

	it.each(published)('$title', async ({ path, file, images, classes, sizes }) => {
		expect(fingerprintsOf(readFileSync(path))).toEqual({ sha256: file.sha256, gitBlob: file.gitBlob })
		const listing = await readSplitFile(path, images.length === 1 ? images[0]! : '')
		expect(listing.classNames).toHaveLength(classes)
		expect(sameSpoken(listing.classNames)).toEqual([])
		for (const split of splitNames) {
			expect(listing[split]).toHaveLength(sizes[split])
			for (const { id } of listing[split]) expect(images.some((folder) => id.startsWith(`${folder}/`))).toBe(true)
		}
	})
})
