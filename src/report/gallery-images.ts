/** Draws the pictures of a gallery: clean and adversarial images, and their magnified differences. */

import { at } from '../core/at.js'
import type { AttackGallery, GalleryImage } from '../evaluation/gallery/gallery.js'

/** A picture as PNG. */
export interface GalleryPicture {
	readonly png: Buffer
	readonly width: number
	readonly height: number
}

/** The pictures of one image. */
export interface PicturedImage {
	readonly clean: GalleryPicture
	/** In the order of the gallery's models; undefined if a model was already wrong and was not attacked. */
	readonly models: readonly (
		| { readonly adversarial: GalleryPicture; readonly difference: GalleryPicture }
		| undefined
	)[]
}

/** All pictures of a gallery. */
export interface PicturedGallery {
	/** Magnification of differences; one grey level appears as this many. */
	readonly factor: number
	readonly images: readonly PicturedImage[]
}

const halfRange = 127

/**
 * Draws a gallery with pixels rounded to 8 bits. Differences are mid-grey where nothing changed, and magnified by the
 * largest whole number that shows the largest change of the gallery (or epsilon, if that bounds every pixel) without
 * clipping. Small images are enlarged pixel by pixel.
 * @param least Minimum width and height of the enlarged pictures in dots; default 128.
 */
export async function galleryPictures(gallery: AttackGallery, least = 128): Promise<PicturedGallery> {
	const { images, width, height } = gallery
	const factor = magnification(gallery)
	const times = Math.max(1, Math.ceil(least / Math.min(width, height)))
	const draw = (pixels: Float32Array) => picture(pixels, width, height, times)
	return {
		factor,
		images: await Promise.all(
			images.map(async ({ clean, models }) => ({
				clean: await draw(clean),
				models: await Promise.all(
					models.map(
						async ({ pixels }) =>
							pixels && {
								adversarial: await draw(pixels),
								difference: await draw(magnified(clean, pixels, factor)),
							},
					),
				),
			})),
		),
	}
}

/** A whole number from 1. */
function magnification({ record, images }: AttackGallery): number {
	const { norm, epsilon } = record.threatModel
	const largest = norm === 'linf' ? epsilon : Math.max(0, ...images.map(largestChange))
	return largest > 0 ? Math.max(1, Math.floor(halfRange / (255 * largest) + 1e-6)) : 1
}

function largestChange({ clean, models }: GalleryImage): number {
	let largest = 0
	for (const { pixels } of models) {
		if (pixels)
			for (const [index, value] of pixels.entries()) largest = Math.max(largest, Math.abs(value - at(clean, index)))
	}
	return largest
}

/** Magnified differences; no change is the grey level 128 of 255. */
export function magnified(clean: Float32Array, adversarial: Float32Array, factor: number): Float32Array {
	return adversarial.map((value, index) => 128 / 255 + factor * (value - at(clean, index)))
}

/** @param pixels [3, height, width], clipped to [0, 1]. @param times Width of a pixel in dots. */
export async function picture(
	pixels: Float32Array,
	width: number,
	height: number,
	times: number,
): Promise<GalleryPicture> {
	const area = width * height
	const rgb = new Uint8ClampedArray(3 * area)
	for (let index = 0; index < area; index++) {
		for (let channel = 0; channel < 3; channel++) rgb[3 * index + channel] = 255 * at(pixels, channel * area + index)
	}
	const [wide, high] = [width * times, height * times]
	const { default: sharp } = await import('sharp')
	const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
		.resize(wide, high, { kernel: 'nearest', fit: 'fill' })
		.png({ compressionLevel: 9 })
		.toBuffer()
	return { png, width: wide, height: high }
}
