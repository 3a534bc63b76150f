import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { readVariantLists } from './variant-lists.js'

async function lists(changes: Readonly<Record<string, string>> = {}): Promise<string> {
	const folder = await temporaryFolder()
	const files = {
		'variants.txt': '707-320\nA300B4\nDH-82 Tiger\n',
		'images_variant_train.txt': '0034309 DH-82 Tiger\n0034958 707-320\n0037511 A300B4\n',
		'images_variant_val.txt': '0056978 707-320\r\n',
		'images_variant_test.txt': '1025794 A300B4\n\n',
		...changes,
	}
	for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
	return folder
}

describe('readVariantLists', () => {
	it('labels by the line of variants.txt, whatever spaces a variant has', async () => {
		const { classNames, train, validation, test } = await readVariantLists(await lists(), 'images')
		expect(classNames).toEqual(['707-320', 'A300B4', 'DH-82 Tiger'])
		expect(train).toEqual([
			{ id: 'images/0034309.jpg', label: 2 },
			{ id: 'images/0034958.jpg', label: 0 },
			{ id: 'images/0037511.jpg', label: 1 },
		])
		expect(validation).toEqual([{ id: 'images/0056978.jpg', label: 0 }])
		expect(test).toEqual([{ id: 'images/1025794.jpg', label: 1 }])
	})

	it.each([
		[{ 'images_variant_train.txt': '0034309 Concorde\n' }, /Line 1 of .*train\.txt is "0034309 Concorde".*3 variants/],
		[{ 'images_variant_train.txt': '../../x 707-320\n' }, /Line 1 of/],
		[
			{ 'images_variant_test.txt': '0034309 A300B4\n' },
			/test\.txt lists image 0034309, which another line already lists/,
		],
		[{ 'images_variant_val.txt': ' \n' }, /val\.txt is empty/],
		[{ 'variants.txt': 'A300B4\nA300B4\n' }, /lists a variant twice/],
	])('refuses %j', async (changes, message) => {
		await expect(readVariantLists(await lists(changes as Record<string, string>), 'images')).rejects.toThrow(message)
	})

	it('says which list is missing', async () => {
		await expect(readVariantLists(await temporaryFolder(), 'images')).rejects.toThrow(/variants\.txt is missing/)
	})
})
