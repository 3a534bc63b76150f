/** Decodes image files to the same RGB bytes as Pillow's `Image.open(path).convert('RGB')`. */

import { readFile } from 'node:fs/promises'
import type { Metadata } from 'sharp'
import { NaptuneError } from '../core/errors.js'
import type { DecodedImage } from './decoded-image.js'
import { avifPicture, colourPlanes } from './formats/avif-picture.js'
import { fillAround, gifPicture } from './formats/gif-picture.js'
import { type ImageFormat, imageFormat, otherFormat, readableFormats } from './formats/image-format.js'
import { refuseJpeg } from './formats/jpeg-frame.js'
import { upright } from './formats/orientation.js'
import { refusePng } from './formats/png-chunks.js'
import { tiffPicture } from './formats/tiff-picture.js'
import { UnsupportedFeature } from './formats/unsupported.js'
import { lumaChromaToRgb } from './formats/ycbcr.js'

export type { DecodedImage } from './decoded-image.js'

/** Maximum number of pixels to decode, the limit of Pillow: 537 MB of RGB bytes. */
export const maximumPixels = 178_956_970

const colourSpaces: readonly string[] = ['srgb', 'rgb16', 'b-w', 'grey16', 'cmyk']

/**
 * Decodes an image file the way evaluation pipelines built on Pillow do:
 * - grey is repeated three times; an alpha channel, a palette's opacity or a transparent colour is dropped, not blended;
 * - CMYK becomes RGB by (255 - ink) (255 - black) / 255, not through colour profiles;
 * - TIFF is turned upright by its orientation tag; EXIF orientation of JPEG, PNG and WebP and the boxes that turn and mirror
 *   AVIF are ignored, as are colour profiles and gamma; an animation or file of several pages gives its first picture;
 * - 16 bits per channel keep their high byte. Pillow does so for colour, but clips 16-bit *grey* at 255, which makes
 *   nearly every such picture white; this is the one deliberate difference.
 *
 * Bytes equal those of Pillow 13 over the matrix of `fixtures/decoding`; features that would decode differently are refused
 * by name.
 * @param source Path of a JPEG, PNG, WebP, GIF, TIFF or AVIF file, or its bytes.
 * @param name What to call the picture in errors; the path by default.
 * @param mostPixels Refuses larger pictures before decoding; at most {@link maximumPixels}.
 * @throws NaptuneError naming the picture when it cannot be read, is truncated, is not an image, has an unsupported feature
 * (named in the error) or too many pixels.
 */
export async function decodeImage(
	source: string | Uint8Array,
	name = typeof source === 'string' ? source : 'The image',
	mostPixels = maximumPixels,
): Promise<DecodedImage> {
	// Read the bytes here, because the library caches by path and would miss changes of the file.
	const bytes = typeof source === 'string' ? await readImageBytes(source) : source
	if (bytes.length === 0)
		throw new NaptuneError('NAP_IMAGE_DAMAGED', `${name} is empty (0 bytes). Replace or remove it.`)
	const format = imageFormat(bytes)
	if (!format) throw notRead(bytes, name)
	try {
		return await decoders[format](bytes, name, Math.min(mostPixels, maximumPixels))
	} catch (cause) {
		if (cause instanceof NaptuneError) throw cause
		if (cause instanceof UnsupportedFeature) {
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`${name} is ${article(format)} file with ${cause.message}, which is not supported. Convert it, to PNG for example, or remove it.`,
				{ cause },
			)
		}
		throw new NaptuneError(
			'NAP_IMAGE_DAMAGED',
			`${name} is not a readable image, or it is damaged (${reasonOf(cause)}). Expected a whole ${readableFormats} file; replace or remove it.`,
			{ cause },
		)
	}
}

function article(format: ImageFormat): string {
	return { jpeg: 'a JPEG', png: 'a PNG', webp: 'a WebP', gif: 'a GIF', tiff: 'a TIFF', avif: 'an AVIF' }[format]
}

function reasonOf(cause: unknown): string {
	const { message } = cause as Error
	return [...new Set(message.trim().split('\n'))].join('; ')
}

function notRead(bytes: Uint8Array, name: string): NaptuneError {
	const other = otherFormat(bytes)
	if (other !== undefined) {
		return new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${name} is a file of the format ${other}, which is not supported. Expected ${readableFormats}; convert or remove it.`,
		)
	}
	return new NaptuneError(
		'NAP_IMAGE_DAMAGED',
		`${name} is not a readable image, or it is damaged (its first bytes match no image format). Expected a whole ${readableFormats} file; replace or remove it.`,
	)
}

/** The extra work for each format, besides the library's. */
const decoders: Readonly<
	Record<ImageFormat, (bytes: Uint8Array, name: string, mostPixels: number) => Promise<DecodedImage>>
> = {
	jpeg: (bytes, name, mostPixels) => {
		refuseJpeg(bytes)
		return decodePixels(bytes, name, mostPixels)
	},
	png: (bytes, name, mostPixels) => {
		refusePng(bytes)
		return decodePixels(bytes, name, mostPixels)
	},
	webp: decodePixels,
	async gif(bytes, name, mostPixels) {
		const picture = gifPicture(bytes)
		const image = await decodePixels(picture.bytes, name, mostPixels)
		fillAround(image, picture)
		return image
	},
	async tiff(bytes, name, mostPixels) {
		const picture = tiffPicture(bytes)
		refuseSize(picture, name, mostPixels)
		const image = await decodePixels(picture.bytes, name, mostPixels)
		if (picture.lumaChroma) lumaChromaToRgb(image.rgb, picture.lumaChroma)
		return upright(image, picture.orientation)
	},
	async avif(bytes, name, mostPixels) {
		const picture = avifPicture(bytes)
		refuseSize(picture, name, mostPixels)
		const image = await decodePixels(picture.bytes, name, mostPixels)
		colourPlanes(image, picture)
		return image
	},
}

/** Decodes the first picture of a file with the library. */
async function decodePixels(bytes: Uint8Array, name: string, mostPixels: number): Promise<DecodedImage> {
	const { default: sharp } = await import('sharp')
	const metadata = await sharp(bytes, { limitInputPixels: false }).metadata()
	check(metadata, name, mostPixels)
	const { width, height } = metadata
	// As in Pillow, libjpeg's warnings (stray bytes) are tolerated; missing data is not.
	const image = sharp(bytes, { limitInputPixels: mostPixels, failOn: 'error', ignoreIcc: true })
	if (metadata.space === 'cmyk') {
		const inks = await image.pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer()
		return { width, height, rgb: rgbOfCmyk(inks, width * height) }
	}
	const { data, info } = await image.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
	if (info.channels !== 3 || data.length !== width * height * 3) {
		throw new Error(`decoded to ${info.width} x ${info.height} with ${info.channels} channels`)
	}
	return { width, height, rgb: new Uint8Array(data.buffer, data.byteOffset, data.length) }
}

/** @throws NaptuneError for too many pixels. */
function refuseSize(
	{ width, height }: { readonly width: number; readonly height: number },
	name: string,
	mostPixels: number,
): void {
	if (width * height <= mostPixels) return
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`${name} has ${width} x ${height} pixels, more than the limit of ${mostPixels}. Scale it down or remove it.`,
	)
}

function check(metadata: Metadata, name: string, mostPixels: number): void {
	refuseSize(metadata, name, mostPixels)
	const { space, depth, channels } = metadata
	const usable = depth === 'uchar' || (depth === 'ushort' && space !== 'cmyk')
	if (!usable || !colourSpaces.includes(space) || (space === 'cmyk' && channels !== 4)) {
		throw new UnsupportedFeature(`${channels} channels of ${depth} in colour space ${space}`)
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

/** Reads a file. @throws NaptuneError with the reason if it cannot be read. */
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
		throw new NaptuneError('NAP_IMAGE_DAMAGED', `${path} ${reasons[code ?? ''] ?? `could not be read: ${message}`}.`, {
			cause,
		})
	}
}
