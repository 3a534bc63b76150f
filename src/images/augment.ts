/** Makes random views of a picture for training, from an explicit generator. */

import type { Generator } from '../random/generator.js'
import type { DecodedImage } from './decoded-image.js'
import { crop, mirror, unitLevels, unitPixels } from './pixels.js'
import type { Resample } from './resample-filters.js'
import { resize, type Size, type Window } from './resize.js'
import { roundHalfEven } from './round-half-even.js'

/** Choices of {@link randomResizedCrop}. */
export interface RandomResizedCrop {
	/** Height and width of the result. */
	readonly size: number
	/** Smallest and largest share of the picture's area. Default 0.08 and 1. */
	readonly scale?: readonly [number, number]
	/** Smallest and largest width by height. Default 3/4 and 4/3. */
	readonly ratio?: readonly [number, number]
	/** Probability of mirroring. Default 0.5. */
	readonly flip?: number
	/** Default bicubic. */
	readonly resample?: Resample
}

/**
 * torchvision's RandomResizedCrop and RandomHorizontalFlip, which CoOp and its descendants train with.
 * @returns [3, size, size] in [0, 1].
 */
export function randomResizedCrop(image: DecodedImage, options: RandomResizedCrop, stream: Generator): Float32Array {
	return unitPixels(randomlyCropped(image, options, stream))
}

/** The square picture behind {@link randomResizedCrop}. */
export function randomlyCropped(image: DecodedImage, options: RandomResizedCrop, stream: Generator): DecodedImage {
	const { size, scale = [0.08, 1], ratio = [3 / 4, 4 / 3], flip = 0.5, resample = 'bicubic' } = options
	const window = randomWindow(image, scale, ratio, stream)
	const view = resize(crop(image, window), { width: size, height: size }, resample)
	return stream.uniform() < flip ? mirror(view) : view
}

/** A square picture shifted by up to an eighth of its side, black in the gap, and mirrored half of the time. */
export function randomlyShifted({ width: size, rgb }: DecodedImage, stream: Generator): DecodedImage {
	const reach = Math.floor(size / 8)
	const top = stream.below(2 * reach + 1) - reach
	const left = stream.below(2 * reach + 1) - reach
	const mirrored = stream.uniform() < 0.5
	const shifted = new Uint8Array(rgb.length)
	for (let y = Math.max(0, -top); y < Math.min(size, size - top); y++) {
		for (let x = 0; x < size; x++) {
			const sourceX = (mirrored ? size - 1 - x : x) + left
			if (sourceX < 0 || sourceX >= size) continue
			const source = ((y + top) * size + sourceX) * 3
			const target = (y * size + x) * 3
			for (let channel = 0; channel < 3; channel++) shifted[target + channel] = rgb[source + channel]!
		}
	}
	return { width: size, height: size, rgb: shifted }
}

/**
 * A window of random area and shape: the first of ten tries that fits, or the largest centred window of an allowed shape.
 */
export function randomWindow(
	{ width, height }: Size,
	[smallest, largest]: readonly [number, number],
	[narrowest, widest]: readonly [number, number],
	stream: Generator,
): Window {
	const between = (low: number, high: number) => low + (high - low) * stream.uniform()
	for (let attempt = 0; attempt < 10; attempt++) {
		const area = width * height * between(smallest, largest)
		const shape = Math.exp(between(Math.log(narrowest), Math.log(widest)))
		const w = roundHalfEven(Math.sqrt(area * shape))
		const h = roundHalfEven(Math.sqrt(area / shape))
		if (w > 0 && w <= width && h > 0 && h <= height) {
			const top = stream.below(height - h + 1)
			return { top, left: stream.below(width - w + 1), width: w, height: h }
		}
	}
	const shape = width / height
	// Even a picture thinner than any allowed shape gets a window of at least one pixel.
	const w = shape > widest ? Math.max(roundHalfEven(height * widest), 1) : width
	const h = shape < narrowest ? Math.max(roundHalfEven(width / narrowest), 1) : height
	return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), width: w, height: h }
}

/**
 * The usual view of CIFAR images: a window of the picture's own size that may extend past its edge by up to `padding` pixels
 * (black there), mirrored with probability `flip`. For large batches, it reads bytes and writes into the batch.
 * @param rgb [size, size, 3], channels last.
 * @param target Takes [3, size, size] in [0, 1].
 */
export function randomCropWithPadding(
	rgb: Uint8Array,
	size: number,
	stream: Generator,
	target: Float32Array,
	{ padding = 4, flip = 0.5 }: { readonly padding?: number; readonly flip?: number } = {},
): void {
	const top = stream.below(2 * padding + 1) - padding
	const left = stream.below(2 * padding + 1) - padding
	const mirrored = stream.uniform() < flip
	const area = size * size
	target.fill(0, 0, 3 * area)
	for (let y = Math.max(0, -top); y < Math.min(size, size - top); y++) {
		for (let x = Math.max(0, -left); x < Math.min(size, size - left); x++) {
			const source = ((y + top) * size + x + left) * 3
			const at = y * size + (mirrored ? size - 1 - x : x)
			target[at] = unitLevels[rgb[source]!]!
			target[area + at] = unitLevels[rgb[source + 1]!]!
			target[2 * area + at] = unitLevels[rgb[source + 2]!]!
		}
	}
}
