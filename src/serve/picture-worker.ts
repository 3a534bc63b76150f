/** The worker thread of the server: decodes a picture, preprocesses it for the model, and returns its pixel values. */

import { Tinypool } from 'tinypool'
import type { ErrorCode } from '../core/error-codes.js'
import { NaptuneError } from '../core/errors.js'
import { type DecodedImage, decodeImage } from '../images/decode.js'
import { unitPixels } from '../images/pixels.js'
import { type ImageView, viewOf } from '../images/view.js'

/** One picture. */
export interface PictureTask {
	/** The bytes of an image file. */
	readonly bytes: Uint8Array
	/** Name for errors. */
	readonly name: string
	/** What becomes of it; the whole picture where it is left out. */
	readonly view?: ImageView
	/** Pixels of the file at most. */
	readonly mostPixels: number
}

/**
 * [3, S, S] in [0, 1], the whole picture, or what is wrong with it: an error would lose its class on the way between threads.
 */
export type PictureAnswer = Float32Array | DecodedImage | { readonly problem: string; readonly code: ErrorCode }

/** Never rejects for an unusable picture. */
export default async function preparePicture(task: PictureTask): Promise<PictureAnswer> {
	try {
		const image = await decodeImage(task.bytes, task.name, task.mostPixels)
		if (!task.view) return image
		// Moved to the other thread rather than copied.
		return Tinypool.move(unitPixels(viewOf(image, task.view))) as Float32Array
	} catch (error) {
		if (error instanceof NaptuneError) return { problem: error.message, code: error.code }
		throw error
	}
}
