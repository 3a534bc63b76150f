/** Detects the kind of picture in a file, beyond its size. */

import { avifItem } from './formats/avif-item.js'
import { imageFormat } from './formats/image-format.js'
import { tiffPicture } from './formats/tiff-picture.js'

/** How a picture is stored. */
export interface PictureKind {
	readonly colour: 'rgb' | 'grey' | 'cmyk'
	/** Whether it has an opacity channel, which decoding drops. */
	readonly alpha: boolean
}

/** Reads the header of an image file that `decodeImage` can decode. @param bytes The whole file. */
export async function pictureKind(bytes: Uint8Array): Promise<PictureKind> {
	const format = imageFormat(bytes)
	// The library does not open animations of this format.
	if (format === 'avif') {
		const { grey, opacity } = avifItem(bytes)
		return { colour: grey ? 'grey' : 'rgb', alpha: opacity }
	}
	const readable = format === 'tiff' ? tiffPicture(bytes).bytes : bytes
	const { default: sharp } = await import('sharp')
	const { space, hasAlpha } = await sharp(readable, { limitInputPixels: false }).metadata()
	const colour = space === 'cmyk' ? 'cmyk' : space === 'b-w' || space === 'grey16' ? 'grey' : 'rgb'
	return { colour, alpha: hasAlpha ?? false }
}
