/** The work of a loader thread: decode a picture and make a view of it. */

import { NaptuneError } from '../../core/errors.js'
import { type DecodedImage, decodeImage } from '../../images/decode.js'
import { type ImageView, viewOf } from '../../images/view.js'
import type { ImageSource } from '../dataset.js'

/** One picture. */
export interface ViewTask {
	readonly source: ImageSource
	readonly view: ImageView
}

/** The view, or what is wrong with the picture: an error would lose its class between threads. */
export type ViewAnswer = DecodedImage | { readonly problem: string }

/** Never rejects for an unusable picture. */
export default async function makeView({ source, view }: ViewTask): Promise<ViewAnswer> {
	try {
		const image = await (source.kind === 'file' ? decodeImage(source.path) : decodeImage(source.bytes, source.name))
		return viewOf(image, view)
	} catch (error) {
		if (error instanceof NaptuneError) return { problem: error.message }
		throw error
	}
}
