/** Image files become RGB bytes, the same ones that Pillow's `Image.open(path).convert('RGB')` gives. */

import { readFile } from 'node:fs/promises'
import sharp, { type Metadata } from 'sharp'
import { NaptuneError } from '../core/errors.js'
import type { DecodedImage } from './decoded-image.js'

export type { DecodedImage } from './decoded-image.js'

/** The largest picture that is decoded (the number at which Pillow refuses too): 537 MB of RGB bytes. */
export const maximumPixels = 178_956_970

/** Formats that hold photographs; others that the library knows (SVG, PDF) are drawings that it would have to render. */
const formats: readonly string[] = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']
const colourSpaces: readonly string[] = ['srgb', 'rgb16', 'b-w', 'grey16', 'cmyk']

/**
 * Decodes an image file the way evaluation pipelines built on Pillow do:
 * - grey is repeated three times; an alpha channel, a palette's opacity or a transparent colour is dropped, not blended;
 * - CMYK becomes RGB by (255 - ink) (255 - black) / 255, not through colour profiles;
 * - EXIF rotation, colour profiles and gamma are ignored; of an animation the first picture is taken;
 * - of 16 bits per channel the high byte is kept. Pillow does so for colour, but clips 16-bit *grey* at 255, which makes
 *   nearly every such picture white; this is the one deliberate difference.
 *
 * Bytes equal Pillow's for PNG, JPEG, WebP and TIFF. Of a GIF, transparent pixels are black here and have the palette's
 * colour in Pillow; AVIF depends on the decoder.
 * @param source Path of a JPEG, PNG, WebP, GIF, TIFF or AVIF file, or its bytes.
 * @param name What to call the picture in errors; the path by default.
 * @throws NaptuneError naming the picture when it cannot be read, is truncated, is no image or has too many pixels.
 */
export async function decodeImage(
	source: string | Uint8Array,
	name = typeof source === 'string' ? source : 'The image',
): Promise<DecodedImage> {
	// Bytes are read here rather than by the library: it caches by path and would miss that a file has changed.
	const bytes = typeof source === 'string' ? await readImageBytes(source) : source
	if (bytes.length === 0) throw new NaptuneError(`${name} is empty (0 bytes). Replace or remove it.`)
	try {
		const metadata = await sharp(bytes, { limitInputPixels: false }).metadata()
		check(metadata, name)
		const { width, height } = metadata
		// libjpeg's warnings (stray bytes) are tolerated as in Pillow, missing data is not.
		const image = sharp(bytes, { limitInputPixels: maximumPixels, failOn: 'error', ignoreIcc: true })
		if (metadata.space === 'cmyk') {
			const inks = await image.pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer()
			return { width, height, rgb: rgbOfCmyk(inks, width * height) }
		}
		const { data, info } = await image.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
		if (info.channels !== 3 || data.length !== width * height * 3) {
			throw new Error(`decoded to ${info.width} x ${info.height} with ${info.channels} channels`)
		}
		return { width, height, rgb: new Uint8Array(data.buffer, data.byteOffset, data.length) }
	} catch (cause) {
		if (cause instanceof NaptuneError) throw cause
		const reason = [...new Set((cause as Error).message.trim().split('\n'))].join('; ')
		throw new NaptuneError(
			`${name} is not an image that can be read, or it is damaged (${reason}). Expected a whole JPEG, PNG, WebP, GIF, TIFF or AVIF file; replace or remove it.`,
			{ cause },
		)
	}
}

function check({ format, space, depth, width, height, channels }: Metadata, name: string): void {
	if (!formats.includes(format)) {
		throw new NaptuneError(
			`${name} is a ${format.toUpperCase()} file. Expected JPEG, PNG, WebP, GIF, TIFF or AVIF; convert or remove it.`,
		)
	}
	if (width * height > maximumPixels) {
		throw new NaptuneError(
			`${name} has ${width} x ${height} pixels, more than the limit of ${maximumPixels}. Scale it down or remove it.`,
		)
	}
	const usable = depth === 'uchar' || (depth === 'ushort' && space !== 'cmyk')
	if (!usable || !colourSpaces.includes(space) || (space === 'cmyk' && channels !== 4)) {
		throw new NaptuneError(
			`${name} has ${channels} channels of ${depth} in colour space ${space}. Expected grey, RGB or CMYK of 8 bits, or grey or RGB of 16 bits; convert it.`,
		)
	}
}

/** Pillow's conversion of ink (0 none, 255 full) to RGB, with its rounding. */
function rgbOfCmyk(inks: Uint8Array, pixels: number): Uint8Array {
	if (inks.length !== pixels * 4) throw new Error(`decoded to ${inks.length} bytes for ${pixels} pixels of CMYK`)
	const rgb = new Uint8Array(pixels * 3)
	for (let pixel = 0; pixel < pixels; pixel++) {
		const light = 255 - inks[pixel * 4 + 3]!
		for (let channel = 0; channel < 3; channel++) {
			const product = inks[pixel * 4 + channel]! * light + 128
			rgb[pixel * 3 + channel] = light - (((product >> 8) + product) >> 8)
		}
	}
	return rgb
}

/** Reads a file. @throws NaptuneError that says why it cannot be read. */
export async function readImageBytes(path: string): Promise<Uint8Array> {
	try {
		return await readFile(path)
	} catch (cause) {
		const { code, message } = cause as NodeJS.ErrnoException
		const reasons: Record<string, string> = {
			ENOENT: 'does not exist',
			EISDIR: 'is a folder, not an image file',
			EACCES: 'may not be read: permission denied',
		}
		throw new NaptuneError(`${path} ${reasons[code ?? ''] ?? `could not be read: ${message}`}.`, { cause })
	}
}
