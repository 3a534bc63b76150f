/** The worker thread of the server: decodes a picture, preprocesses it for the model, and returns its pixel values. */

import { Tinypool } from 'tinypool'
import type { ErrorCode } from '../core/error-codes.js'
import { NaptuneError } from '../core/errors.js'
import { decodeImage } from '../images/decode.js'
import { unitPixels } from '../images/pixels.js'
import { type ImageView, viewOf } from '../images/view.js'

/** One picture. */
export interface PictureTask {
	/** The bytes of an image file. */
	readonly bytes: Uint8Array
	/** Name for errors. */
	readonly name: string
	readonly view: ImageView
	/** Maximum number of pixels. */
	readonly mostPixels: number
}

/** [3, S, S] in [0, 1], or the problem with the picture; an error object would lose its class between threads. */
export type PictureAnswer = Float32Array | { readonly problem: string; readonly code: ErrorCode }

/** Never rejects for an unusable picture. */
export default async function preparePicture(task: PictureTask): Promise<PictureAnswer> {
	try {
		const image = await decodeImage(task.bytes, task.name, task.mostPixels)
		// Move the pixels to the other thread instead of copying them.
		return Tinypool.move(unitPixels(viewOf(image, task.view))) as Float32Array
	} catch (error) {
		if (error instanceof NaptuneError) return { problem: error.message, code: error.code }
		throw error
	}
}
