/** What kind of picture a file holds, beyond its size. */

import sharp from 'sharp'

/** How a picture is stored. */
export interface PictureKind {
	readonly colour: 'rgb' | 'grey' | 'cmyk'
	/** Whether it has a channel of opacity, which decoding drops. */
	readonly alpha: boolean
}

/** Reads the header of an image file that `decodeImage` can decode. @param bytes The whole file. */
export async function pictureKind(bytes: Uint8Array): Promise<PictureKind> {
	const { space, hasAlpha } = await sharp(bytes, { limitInputPixels: false }).metadata()
	const colour = space === 'cmyk' ? 'cmyk' : space === 'b-w' || space === 'grey16' ? 'grey' : 'rgb'
	return { colour, alpha: hasAlpha ?? false }
}
