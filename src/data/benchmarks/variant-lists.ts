/** Reads FGVC Aircraft's own lists: one file of variants, and one list of images per split. */

import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { readTextFile } from '../../files/text/read-text.js'
import { type ListedFile, type Listing, splitNames } from '../folders/listing.js'

const lists = {
	train: 'images_variant_train.txt',
	validation: 'images_variant_val.txt',
	test: 'images_variant_test.txt',
} as const

/** Files that {@link readVariantLists} reads. */
export const variantFiles: readonly string[] = ['variants.txt', ...Object.values(lists)]

/**
 * Reads the lists. Every line of `variants.txt` is a class, and its position the label; a line of the other files is an
 * image's number and its variant, which may contain spaces.
 * @param folder The data set's.
 * @param images Folder of images below it.
 * @throws NaptuneError if a list is missing or empty, or holds an unknown variant, a malformed line or a duplicate image.
 */
export async function readVariantLists(folder: string, images: string): Promise<Listing> {
	const variants = join(folder, 'variants.txt')
	const classNames = await lines(variants)
	const labels = new Map(classNames.map((name, label) => [name, label]))
	if (labels.size < classNames.length) {
		throw new NaptuneError('NAP_FILE_INVALID', `${variants} lists a variant twice. Unpack the published archive again.`)
	}
	const seen = new Set<string>()
	const read = async (file: string): Promise<ListedFile[]> => {
		const path = join(folder, file)
		return (await lines(path)).map((line, at) => {
			const [, image, variant] = /^(\d+)\s+(\S.*)$/.exec(line) ?? []
			const label = variant === undefined ? undefined : labels.get(variant)
			if (label === undefined) {
				throw new NaptuneError(
					'NAP_FILE_INVALID',
					`Line ${at + 1} of ${path} is ${JSON.stringify(line)}; expected the number of an image and one of the ${classNames.length} variants of variants.txt, such as "1025794 ${classNames[0]}". Unpack the published archive again.`,
				)
			}
			const id = `${images}/${image}.jpg`
			if (seen.has(id)) {
				throw new NaptuneError(
					'NAP_FILE_INVALID',
					`${path} lists image ${image}, which another line already lists. Unpack the published archive again.`,
				)
			}
			seen.add(id)
			return { id, label }
		})
	}
	return {
		classNames,
		train: await read(lists.train),
		validation: await read(lists.validation),
		test: await read(lists.test),
		named: splitNames,
		notices: [],
	}
}

/** The non-empty lines of a text. */
async function lines(path: string): Promise<string[]> {
	const found = (await readTextFile(path))
		.split('\n')
		.map((line) => line.trim())
		.filter((line) => line !== '')
	if (found.length === 0)
		throw new NaptuneError('NAP_FILE_INVALID', `${path} is empty. Unpack the published archive again.`)
	return found
}
