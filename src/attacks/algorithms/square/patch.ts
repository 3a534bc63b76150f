/** The pattern of the Square attack's patches in L2. */

import { missing } from '../../../core/at.js'

/**
 * The pattern eta of Andriushchenko et al. (2020), of norm 1, [side · side]: one bump up and one down, the first one row
 * smaller if the side is odd. Each bump is a pile of rectangles around its centre: the k-th has height 1 / k² and reaches k
 * - 1 pixels in every direction.
 * @param transposed Whether the bumps lie side by side rather than one below the other.
 */
export function bumps(side: number, transposed: boolean): Float64Array {
	const upper = Math.floor(side / 2)
	const values = Float64Array.from([...bump(upper, side), ...bump(side - upper, side).map((value) => -value)])
	normalise(values)
	if (!transposed) return values
	return values.map((_, at) => values[(at % side) * side + Math.floor(at / side)] ?? missing)
}

/** A pile of rectangles, of norm 1, [rows · columns]. */
function bump(rows: number, columns: number): Float64Array {
	const [middleRow, middleColumn] = [Math.floor(rows / 2), Math.floor(columns / 2)]
	const layers = Math.max(middleRow, middleColumn) + 1
	/** By distance from the centre: the sum of all rectangles that reach that far. */
	const height = new Float64Array(layers + 1)
	for (let layer = layers - 1; layer >= 0; layer--)
		height[layer] = (height[layer + 1] ?? missing) + 1 / (layer + 1) ** 2
	const values = new Float64Array(rows * columns).map((_, at) => {
		const [row, column] = [Math.floor(at / columns), at % columns]
		return height[Math.max(Math.abs(row - middleRow), Math.abs(column - middleColumn))] ?? missing
	})
	normalise(values)
	return values
}

/** Divides by the norm. */
export function normalise(values: Float64Array): void {
	const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
	if (length > 0) for (const [index, value] of values.entries()) values[index] = value / length
}
