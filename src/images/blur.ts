/** Gaussian blur of pictures in [0, 1]. */

/**
 * Blurs rows, then columns, and mirrors the picture at its border (without repeating the border itself).
 * @param pixels [3, size, size].
 * @param kernel Odd number of pixels, less than 2 · size.
 * @param deviation In pixels.
 * @returns The same shape.
 */
export function gaussianBlur(pixels: Float32Array, size: number, kernel: number, deviation: number): Float32Array {
	const reach = (kernel - 1) / 2
	const weights = Float64Array.from({ length: kernel }, (_, at) => Math.exp(-0.5 * ((at - reach) / deviation) ** 2))
	const total = weights.reduce((sum, weight) => sum + weight, 0)
	const inside = (at: number) => {
		const mirrored = Math.abs(at)
		return mirrored < size ? mirrored : 2 * (size - 1) - mirrored
	}
	const along = (source: Float32Array, step: number, across: number) => {
		const result = new Float32Array(source.length)
		for (let channel = 0; channel < 3; channel++) {
			for (let line = 0; line < size; line++) {
				const start = channel * size * size + line * across
				for (let at = 0; at < size; at++) {
					let sum = 0
					for (let tap = 0; tap < kernel; tap++) sum += weights[tap]! * source[start + inside(at + tap - reach) * step]!
					result[start + at * step] = sum / total
				}
			}
		}
		return result
	}
	return along(along(pixels, 1, size), size, 1)
}
