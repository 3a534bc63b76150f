/** Decodes many images in parallel to find unusable ones and count the kinds. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { decodeImage, readImageBytes } from '../../images/decode.js'
import { type PictureKind, pictureKind } from '../../images/picture-kind.js'
import type { Split } from '../dataset.js'

/** An image of a split. */
export interface ImagePlace {
	readonly split: Split
	readonly index: number
}

/** Findings of decoding. */
export interface ImageSurvey {
	/** Number of images decoded, successfully or not. */
	readonly images: number
	readonly unreadable: readonly { readonly id: string; readonly reason: string }[]
	/** Number of greyscale images, which become RGB by repeating the channel. */
	readonly grey: number
	/** Number of CMYK images. */
	readonly cmyk: number
	/** Number of images with an alpha channel, which is dropped. */
	readonly alpha: number
}

/**
 * Decodes and discards images.
 * @param parallel Images in memory at a time.
 * @param onProgress Called after each image with the number done; if it throws, the survey ends.
 * @param signal Stops before the next image.
 */
export async function surveyImages(
	places: readonly ImagePlace[],
	parallel: number,
	onProgress: (done: number) => void = () => {},
	signal?: AbortSignal,
): Promise<ImageSurvey> {
	const unreadable: { readonly at: number; readonly id: string; readonly reason: string }[] = []
	const counts = { grey: 0, cmyk: 0, alpha: 0 }
	let next = 0
	let done = 0
	let stopped = false
	async function worker(): Promise<void> {
		while (next < places.length && !stopped && !signal?.aborted) {
			const position = next++
			const { split, index } = at(places, position)
			try {
				const kind = await look(split, index)
				if (kind?.colour === 'grey') counts.grey++
				if (kind?.colour === 'cmyk') counts.cmyk++
				if (kind?.alpha) counts.alpha++
			} catch (error) {
				if (!(error instanceof NaptuneError)) throw error
				unreadable.push({ at: position, id: split.id(index), reason: error.message })
			}
			onProgress(++done)
		}
	}
	const guarded = () =>
		worker().catch((error: unknown) => {
			stopped = true
			throw error
		})
	await Promise.all(Array.from({ length: Math.max(1, Math.min(parallel, places.length)) }, guarded))
	// In the order of the images, not in that of completion.
	unreadable.sort((a, b) => a.at - b.at)
	return { images: done, unreadable: unreadable.map(({ id, reason }) => ({ id, reason })), ...counts }
}

/** Decodes an image; its kind is known if it comes from a file. */
async function look(split: Split, index: number): Promise<PictureKind | undefined> {
	const source = await split.source?.(index)
	if (!source) {
		await split.image(index)
		return undefined
	}
	const name = source.kind === 'file' ? source.path : source.name
	const bytes = source.kind === 'file' ? await readImageBytes(source.path) : source.bytes
	await decodeImage(bytes, name)
	return pictureKind(bytes)
}
