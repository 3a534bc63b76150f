/** Caption files: JSON lines, or one JSON array, of `{"image": "path relative to the file", "captions": ["..."]}`. */

import { stat } from 'node:fs/promises'
import { basename, dirname, posix, resolve } from 'node:path'
import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { decodeImage } from '../../images/decode.js'
import { generator, permutation } from '../../random/counter-based.js'
import { type CaptionEntry, readCaptionEntries } from './caption-entries.js'
import { distinctCaptions, type Gallery, withoutFullStop } from './gallery.js'

/** Options of {@link loadCaptions}. */
export interface CaptionsOptions {
	/** Number of images to use, chosen by the seed; all if there are no more. */
	readonly limit?: number | undefined
	/** Seed of that choice. Default 1. */
	readonly seed?: number
	/** Explains why a model cannot read a caption (without its final full stop), such as one that is too long. */
	readonly problemOf?: (caption: string) => string | undefined
}

/** An image with all its captions. */
interface CaptionedImage {
	readonly id: string
	readonly path: string
	readonly captions: readonly string[]
}

/**
 * Reads captions of images. Entries of the same image are merged; captions that read the same become one, which then belongs
 * to all their images.
 * @throws NaptuneError that names the malformed lines (or array entries), missing images, and captions that are empty or
 * that the model cannot read.
 */
export async function loadCaptions(path: string, options: CaptionsOptions = {}): Promise<Gallery> {
	const { entries, text } = await readCaptionEntries(path)
	await requireUsable(path, entries, options.problemOf ?? (() => undefined))
	const all = joined(path, entries)
	const { limit = all.length, seed = 1 } = options
	const order = permutation(generator(seed, 'captioned-images'), all.length)
	const chosen = order.slice(0, limit).sort((a, b) => a - b)
	const images = chosen.map((position) => at(all, position))
	const { captions, own } = distinctCaptions(images.map((image) => image.captions))
	const position = (index: number): CaptionedImage => {
		const image = images[index]
		if (!image) throw new RangeError(`Position ${index} of a gallery of ${images.length} images.`)
		return image
	}
	if (captions.length < 2) {
		throw new NaptuneError('NAP_DATA_INVALID', `${path} has only one distinct caption; retrieval needs at least two.`)
	}
	return {
		name: basename(path),
		level: 'image',
		images: {
			length: images.length,
			label: (index) => at(at(own, index), 0),
			id: (index) => position(index).id,
			source: async (index) => ({ kind: 'file', path: position(index).path }),
			image: async (index) => decodeImage(position(index).path),
		},
		captions,
		own,
		notices: notices(entries, all, images, captions),
		origin: {
			dataset: 'captions',
			path: resolve(path),
			sha256: sha256OfBytes(text),
			...defined({ seed: limit < all.length ? seed : undefined }),
		},
	}
}

function idOf({ image }: CaptionEntry): string {
	return posix.normalize(image.replaceAll('\\', '/'))
}

function joined(path: string, entries: readonly CaptionEntry[]): CaptionedImage[] {
	const images = new Map<string, CaptionedImage>()
	for (const item of entries) {
		const id = idOf(item)
		const captions = [...(images.get(id)?.captions ?? []), ...item.captions]
		images.set(id, { id, path: resolve(dirname(path), id), captions })
	}
	return [...images.values()]
}

/** @throws NaptuneError that lists the first five problems with their places. */
async function requireUsable(
	path: string,
	entries: readonly CaptionEntry[],
	problemOf: (caption: string) => string | undefined,
): Promise<void> {
	const problems: string[] = []
	for (const item of entries) {
		const image = resolve(dirname(path), idOf(item))
		const isFile = await stat(image).then(
			(found) => found.isFile(),
			() => false,
		)
		if (!isFile) problems.push(`${item.place}: the image ${image} is missing.`)
		for (const caption of item.captions) {
			const read = withoutFullStop(caption)
			const problem = read === '' ? `the caption ${JSON.stringify(caption)} is empty.` : problemOf(read)
			if (problem !== undefined) problems.push(`${item.place}: ${problem}`)
		}
	}
	if (problems.length === 0) return
	const more = problems.length > 5 ? [`and ${problems.length - 5} more`] : []
	throw new NaptuneError(
		'NAP_DATA_INVALID',
		[`The captions of ${path} cannot be used:`, ...problems.slice(0, 5), ...more].join('\n  '),
	)
}

function notices(
	entries: readonly CaptionEntry[],
	all: readonly CaptionedImage[],
	images: readonly CaptionedImage[],
	captions: readonly string[],
): string[] {
	const given = images.reduce((sum, image) => sum + image.captions.length, 0)
	return [
		...(entries.length > all.length
			? [`${entries.length - all.length} entries name an image again; their captions were merged.`]
			: []),
		...(given > captions.length
			? [`${given - captions.length} captions repeat an earlier one, which now belongs to all their images.`]
			: []),
	]
}
