/** Draws curves as one line of block characters. */

const blocks = '▁▂▃▄▅▆▇█'

/**
 * Draws the values from left to right, the smallest as the lowest block and the largest as the highest, with a gap for null.
 * @param width Maximum characters, at least 1; neighbouring values are averaged if there are more.
 */
export function sparkline(values: readonly (number | null)[], width: number): string {
	const columns = Math.min(width, values.length)
	const means = Array.from({ length: columns }, (_, column) => {
		const start = Math.floor((column * values.length) / columns)
		const end = Math.floor(((column + 1) * values.length) / columns)
		const own = values.slice(start, end).filter((value) => value !== null)
		return own.length === 0 ? null : own.reduce((sum, value) => sum + value, 0) / own.length
	})
	const known = means.filter((value) => value !== null)
	const [low, high] = [Math.min(...known), Math.max(...known)]
	return means
		.map((value) => {
			if (value === null) return ' '
			// Draw a constant curve in the middle.
			const height = high === low ? 0.5 : (value - low) / (high - low)
			return blocks[Math.min(blocks.length - 1, Math.floor(height * blocks.length))]
		})
		.join('')
}
