/** Finds unreadable images before hours of work rather than after, and leaves them out on request. */

import { NaptuneError } from '../../core/errors.js'
import { type Split, subset } from '../dataset.js'
import { surveyImages } from '../folders/survey-images.js'

/** An image that cannot be decoded. */
export interface UnreadableImage {
	readonly id: string
	/** A sentence that names the file. */
	readonly problem: string
}

/** Full-size pictures in memory at once. */
const atOnce = 2

/**
 * Decodes and discards every image. Images that a split holds decoded cost nothing.
 * @param progress Called after each image with the number done.
 * @param signal Stops before the next image.
 * @returns The unreadable images, in the order of the split.
 */
export async function findUnreadable(
	split: Split,
	progress: (done: number) => void = () => {},
	signal?: AbortSignal,
): Promise<UnreadableImage[]> {
	const places = Array.from({ length: split.length }, (_, index) => ({ split, index }))
	const { unreadable } = await surveyImages(places, atOnce, progress, signal)
	return unreadable.map(({ id, reason }) => ({ id, problem: reason }))
}

/** An error that names the first five of them. @param total Number of images checked. @param advice A last line. */
export function unreadableError(
	unreadable: readonly UnreadableImage[],
	total: number,
	...advice: readonly string[]
): NaptuneError {
	const more = unreadable.length > 5 ? [`and ${unreadable.length - 5} more`] : []
	const problems = unreadable.slice(0, 5).map(({ problem }) => problem)
	const list = [`${unreadable.length} of ${total} images are unreadable:`, ...problems, ...more].join('\n  ')
	return new NaptuneError('NAP_IMAGE_DAMAGED', [list, ...advice].join('\n'))
}

/** The split without these images, in the same order. @throws NaptuneError if none is left. */
export function withoutImages(split: Split, unreadable: readonly Pick<UnreadableImage, 'id'>[]): Split {
	if (unreadable.length === 0) return split
	const left = new Set(unreadable.map(({ id }) => id))
	const kept = Array.from({ length: split.length }, (_, index) => index).filter((index) => !left.has(split.id(index)))
	if (kept.length === 0) {
		throw new NaptuneError(
			'NAP_IMAGE_DAMAGED',
			`None of the ${split.length} images can be read. Check that the files are complete JPEG, PNG or WebP images.`,
		)
	}
	return subset(split, kept)
}

/** The notice about excluded images, with all their ids. @param total Original number of images. */
export function exclusionNotice(unreadable: readonly UnreadableImage[], total: number, what: string): string {
	const ids = unreadable.map(({ id }) => id).join(', ')
	return `${unreadable.length} of ${total} ${what} images were excluded because they are unreadable: ${ids}.`
}
