/** Upsamples half-size chroma like libyuv's bilinear filter. */

/**
 * @param pixels Three values per pixel; half-size channels have repeated values.
 * @param half Whether the channel has half of the width, and of the height.
 * @returns [height, width].
 */
export function upsampled(
	pixels: Uint8Array,
	channel: number,
	width: number,
	height: number,
	[across, down]: readonly [boolean, boolean],
): Uint8Array {
	const columns = across ? Math.ceil(width / 2) : width
	const rows = down ? Math.ceil(height / 2) : height
	const small = (row: number, column: number) =>
		pixels[((down ? 2 * row : row) * width + (across ? 2 * column : column)) * 3 + channel]!
	const result = new Uint8Array(width * height)
	for (let y = 0, at = 0; y < height; y++) {
		// Of the two neighbouring rows, the nearer one counts three times; at the border there is only one.
		const near = down ? y >> 1 : y
		const far = down ? Math.min(Math.max(near + (y % 2 === 0 ? -1 : 1), 0), rows - 1) : y
		for (let x = 0; x < width; x++, at++) {
			const close = across ? x >> 1 : x
			// If the width is odd, the library copies the last column.
			const alone = !across || (x === width - 1 && width % 2 === 1)
			const other = alone ? close : Math.min(Math.max(close + (x % 2 === 0 ? -1 : 1), 0), columns - 1)
			const first = small(near, close)
			if (near === far && close === other) result[at] = first
			else if (near === far) result[at] = (3 * first + small(near, other) + 2) >> 2
			else if (close === other) result[at] = (3 * first + small(far, close) + 2) >> 2
			else {
				const sum = 9 * first + 3 * small(near, other) + 3 * small(far, close) + small(far, other)
				result[at] = (sum + 8) >> 4
			}
		}
	}
	return result
}
