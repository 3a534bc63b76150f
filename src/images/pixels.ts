/** Converts bytes, channels last, to model inputs: numbers in [0, 1], channels first. */

import type { DecodedImage } from './decoded-image.js'
import type { Window } from './resize.js'

/** n / 255 in float32, as PyTorch's `to_tensor` divides. */
export const unitLevels: Float32Array = Float32Array.from({ length: 256 }, (_, level) => level / 255)

/** @returns [3, height, width] in [0, 1]. */
export function unitPixels(image: DecodedImage): Float32Array {
	const pixels = new Float32Array(3 * image.width * image.height)
	writeUnitPixels(image, pixels)
	return pixels
}

/** {@link unitPixels} into an array. @param target Takes [3, height, width], and may be longer. */
export function writeUnitPixels({ width, height, rgb }: DecodedImage, target: Float32Array): void {
	const area = width * height
	for (let at = 0, source = 0; at < area; at++) {
		target[at] = unitLevels[rgb[source++]!]!
		target[area + at] = unitLevels[rgb[source++]!]!
		target[2 * area + at] = unitLevels[rgb[source++]!]!
	}
}

/** The part of a picture in a window, which must lie inside it. */
export function crop({ width, rgb }: DecodedImage, window: Window): DecodedImage {
	const line = window.width * 3
	const part = new Uint8Array(window.height * line)
	for (let row = 0; row < window.height; row++) {
		const start = ((window.top + row) * width + window.left) * 3
		part.set(rgb.subarray(start, start + line), row * line)
	}
	return { width: window.width, height: window.height, rgb: part }
}

/** The picture with left and right exchanged. */
export function mirror({ width, height, rgb }: DecodedImage): DecodedImage {
	const mirrored = new Uint8Array(rgb.length)
	for (let row = 0; row < height; row++) {
		for (let column = 0; column < width; column++) {
			const source = (row * width + column) * 3
			const target = (row * width + width - 1 - column) * 3
			for (let channel = 0; channel < 3; channel++) mirrored[target + channel] = rgb[source + channel]!
		}
	}
	return { width, height, rgb: mirrored }
}
