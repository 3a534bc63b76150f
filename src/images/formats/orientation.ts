/** The eight ways in which a picture may be stored (EXIF and TIFF tag 274). */

import type { DecodedImage } from '../decoded-image.js'

/**
 * Rotates and mirrors a picture to its upright orientation.
 * @param orientation 1 to 8; 1 is as stored. From 5 on, width and height are exchanged.
 */
export function upright(image: DecodedImage, orientation: number): DecodedImage {
	if (orientation === 1) return image
	const { width, height, rgb } = image
	const turned = orientation >= 5
	const across = turned ? height : width
	const down = turned ? width : height
	// Whether the stored row or column runs opposite to the displayed one.
	const flipX = [2, 3, 7, 8].includes(orientation)
	const flipY = [3, 4, 6, 7].includes(orientation)
	const result = new Uint8Array(rgb.length)
	for (let y = 0, target = 0; y < down; y++) {
		for (let x = 0; x < across; x++, target += 3) {
			const [column, row] = turned ? [y, x] : [x, y]
			const source = ((flipY ? height - 1 - row : row) * width + (flipX ? width - 1 - column : column)) * 3
			result[target] = rgb[source]!
			result[target + 1] = rgb[source + 1]!
			result[target + 2] = rgb[source + 2]!
		}
	}
	return { width: across, height: down, rgb: result }
}
