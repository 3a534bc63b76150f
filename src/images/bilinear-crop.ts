/** Resizes a window of a picture in [0, 1], for pictures that are no longer bytes. */

import type { Window } from './resize.js'

/**
 * Bilinear interpolation between pixel centres, without antialiasing; it repeats the border pixels of the window.
 * @param pixels [3, size, size].
 * @param window Must lie inside the picture.
 * @returns [3, target, target].
 */
export function bilinearCrop(pixels: Float32Array, size: number, window: Window, target: number): Float32Array {
	const rows = positions(window.top, window.height, target)
	const columns = positions(window.left, window.width, target)
	const result = new Float32Array(3 * target * target)
	for (let channel = 0, at = 0; channel < 3; channel++) {
		for (const { low: top, high: bottom, share: down } of rows) {
			const [upper, lower] = [(channel * size + top) * size, (channel * size + bottom) * size]
			for (const { low, high, share } of columns) {
				const above = pixels[upper + low]! * (1 - share) + pixels[upper + high]! * share
				const below = pixels[lower + low]! * (1 - share) + pixels[lower + high]! * share
				result[at++] = above * (1 - down) + below * down
			}
		}
	}
	return result
}

/** For each target pixel the two source pixels around it, and the share of the second. */
function positions(start: number, length: number, target: number) {
	return Array.from({ length: target }, (_, at) => {
		const exact = Math.min(length - 1, Math.max(0, ((at + 0.5) * length) / target - 0.5))
		const low = Math.floor(exact)
		return { low: start + low, high: start + Math.min(low + 1, length - 1), share: exact - low }
	})
}
