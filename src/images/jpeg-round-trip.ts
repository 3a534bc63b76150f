/** Passes an image through JPEG compression. */

import { decodeImage } from './decode.js'
import { unitPixels } from './pixels.js'

/**
 * Rounds to 8 bits, compresses as JPEG (chroma at half resolution, as most programs do) and decodes.
 * @param pixels [3, height, width] in [0, 1]. @param quality 1 to 100.
 * @returns [3, height, width] in [0, 1].
 */
export async function jpegRoundTrip(
	pixels: Float32Array,
	{ width, height }: { readonly width: number; readonly height: number },
	quality: number,
): Promise<Float32Array> {
	const area = width * height
	const rgb = new Uint8Array(3 * area)
	for (let at = 0; at < area; at++) {
		for (let channel = 0; channel < 3; channel++) rgb[3 * at + channel] = Math.round(255 * pixels[channel * area + at]!)
	}
	const { default: sharp } = await import('sharp')
	const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } })
		.jpeg({ quality })
		.toBuffer()
	return unitPixels(await decodeImage(bytes, 'A JPEG made of an adversarial image'))
}
