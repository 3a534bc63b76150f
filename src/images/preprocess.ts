/**
 * Preprocesses a picture at test time: resize, centre crop, numbers in [0, 1]. Normalisation is part of the model.
 *
 * Sizes and offsets are torchvision's, which CoOp's, Dassl's and OpenAI's CLIP pipelines use: the longer edge is
 * truncated, and a crop offset of x.5 is rounded to the even side. transformers' CLIPImageProcessor truncates the offset
 * instead, so for an odd difference it may cut one pixel further left or up, and its default (tensor) back end resizes in
 * other arithmetic; neither is followed here.
 */

import { NaptuneError } from '../core/errors.js'
import type { DecodedImage } from './decoded-image.js'
import { unitPixels } from './pixels.js'
import type { Resample } from './resample-filters.js'
import { resize, type Size, type Window } from './resize.js'
import { roundHalfEven } from './round-half-even.js'

/** Settings of the preprocessing, as in a checkpoint's preprocessor config. */
export interface Preparation {
	readonly doResize: boolean
	readonly resize:
		| { readonly kind: 'shortest-edge'; readonly shortestEdge: number }
		| { readonly kind: 'longest-edge'; readonly longestEdge: number }
		| { readonly kind: 'exact'; readonly height: number; readonly width: number }
	readonly resample: Resample
	readonly doCenterCrop: boolean
	readonly crop: Size
}

/** A picture as model input. */
export interface PreparedImage extends Size {
	/** [3, height, width] in [0, 1], float32 of byte / 255. */
	readonly pixels: Float32Array
}

/**
 * Preprocesses a picture. It computes only the pixels that survive the crop, so a very long picture is no problem. A crop
 * larger than the resized picture is padded with black.
 * @throws NaptuneError when neither cropping nor exact resizing bounds the result and it would be unreasonably large.
 */
export function preprocess(image: DecodedImage, preparation: Preparation): PreparedImage {
	const picture = preparedPicture(image, preparation)
	return { width: picture.width, height: picture.height, pixels: unitPixels(picture) }
}

/** The picture behind {@link preprocess}. @throws NaptuneError for the same reasons. */
export function preparedPicture(image: DecodedImage, preparation: Preparation): DecodedImage {
	const size = preparation.doResize ? resizedSize(image, preparation.resize) : image
	const target = preparation.doCenterCrop ? preparation.crop : size
	if (target.width * target.height > 1 << 26) {
		throw new NaptuneError(
			'NAP_IMAGE_DAMAGED',
			`The image of ${image.width} x ${image.height} pixels would become ${target.width} x ${target.height}, because the preprocessing resizes the shorter edge without a centre crop. Set do_center_crop, or an exact size.`,
		)
	}
	const columns = centered(size.width, target.width)
	const rows = centered(size.height, target.height)
	const window: Window = { left: columns.from, top: rows.from, width: columns.length, height: rows.length }
	const part = resize(image, size, preparation.resample, window)
	const whole = part.width === target.width && part.height === target.height
	return whole ? part : frame(part, target, columns.to, rows.to)
}

/**
 * Width and height after resizing: of a shorter edge, the longer one is truncated to whole pixels; of a longer edge
 * (open_clip's
 * `longest`), the shorter one is rounded to the even side.
 */
export function resizedSize({ width, height }: Size, to: Preparation['resize']): Size {
	if (to.kind === 'exact') return { width: to.width, height: to.height }
	if (to.kind === 'longest-edge') {
		const ratio = Math.max(height / to.longestEdge, width / to.longestEdge)
		const edge = (length: number) => Math.max(1, roundHalfEven(length / ratio))
		return { width: edge(width), height: edge(height) }
	}
	const { shortestEdge } = to
	return width <= height
		? { width: shortestEdge, height: Math.trunc((shortestEdge * height) / width) }
		: { width: Math.trunc((shortestEdge * width) / height), height: shortestEdge }
}

/** Location of a model's input in a picture. */
export interface PreparedPlace {
	/** Size of the picture after resizing. */
	readonly resized: Size
	/** First column and row of the crop in the resized picture; negative if the crop is larger and padded. */
	readonly left: number
	readonly top: number
	readonly crop: Size
}

/** The source location in a picture of the pixels from {@link preprocess}. */
export function preparedPlace(image: Size, preparation: Preparation): PreparedPlace {
	const resized = preparation.doResize ? resizedSize(image, preparation.resize) : { ...image }
	const crop = preparation.doCenterCrop ? preparation.crop : resized
	const columns = centered(resized.width, crop.width)
	const rows = centered(resized.height, crop.height)
	return { resized, left: columns.from - columns.to, top: rows.from - rows.to, crop }
}

/** Source and destination of a centred stretch of `target` pixels. */
function centered(size: number, target: number): { from: number; to: number; length: number } {
	if (target > size) return { from: 0, to: Math.floor((target - size) / 2), length: size }
	return { from: roundHalfEven((size - target) / 2), to: 0, length: target }
}

function frame(part: DecodedImage, { width, height }: Size, left: number, top: number): DecodedImage {
	const rgb = new Uint8Array(width * height * 3)
	for (let row = 0; row < part.height; row++) {
		const line = part.rgb.subarray(row * part.width * 3, (row + 1) * part.width * 3)
		rgb.set(line, ((top + row) * width + left) * 3)
	}
	return { width, height, rgb }
}
