/** Images that cannot be read: found before hours of work rather than after, and left out where that is wanted. */

import { NaptuneError } from '../../core/errors.js'
import { type Split, subset } from '../dataset.js'
import { surveyImages } from '../folders/survey-images.js'

/** An image that cannot be decoded. */
export interface UnreadableImage {
	readonly id: string
	/** A sentence that names the file. */
	readonly problem: string
}

/** Pictures of full size in memory at once. */
const atOnce = 2

/**
 * Decodes every image once and forgets it. Images that a split holds decoded cost nothing.
 * @param progress Called with how many images are done after each.
 * @param signal Stops before the next image.
 * @returns Those that cannot be read, in the order of the split.
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

/** An error that names the first five of them. @param total Images that were looked at. @param advice A last line. */
export function unreadableError(
	unreadable: readonly UnreadableImage[],
	total: number,
	...advice: readonly string[]
): NaptuneError {
	const more = unreadable.length > 5 ? [`and ${unreadable.length - 5} more`] : []
	const problems = unreadable.slice(0, 5).map(({ problem }) => problem)
	const list = [`${unreadable.length} of ${total} images cannot be used:`, ...problems, ...more].join('\n  ')
	return new NaptuneError('NAP_IMAGE_DAMAGED', [list, ...advice].join('\n'))
}

/** The split without these images; their order stays. @throws NaptuneError when nothing is left. */
export function withoutImages(split: Split, unreadable: readonly Pick<UnreadableImage, 'id'>[]): Split {
	if (unreadable.length === 0) return split
	const left = new Set(unreadable.map(({ id }) => id))
	const kept = Array.from({ length: split.length }, (_, index) => index).filter((index) => !left.has(split.id(index)))
	if (kept.length === 0) {
		throw new NaptuneError(
			'NAP_IMAGE_DAMAGED',
			`None of the ${split.length} images can be read. Check that the files are whole JPEG, PNG or WebP images.`,
		)
	}
	return subset(split, kept)
}

/** What a person and a record are told of images that were left out: all their ids. @param total Images there were. */
export function exclusionNotice(unreadable: readonly UnreadableImage[], total: number, what: string): string {
	const ids = unreadable.map(({ id }) => id).join(', ')
	return `${unreadable.length} of ${total} ${what} images were left out because they cannot be read: ${ids}.`
}
