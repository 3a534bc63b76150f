/** The size of the Square attack's squares at each iteration. */

/** Iterations after which the share of pixels is halved. */
const halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]
/** The number of iterations that the halvings are designed for when they are rescaled. */
const scheduled = 10_000

/** Parameters of the size of a square. */
export interface SquareSchedule {
	/** Share of the image's pixels that the first squares cover, in (0, 1]. */
	readonly p: number
	/** Iterations in all. */
	readonly queries: number
	/** Whether to spread the halvings, designed for 10,000 iterations, over the actual iterations. */
	readonly rescaleSchedule: boolean
}

/** Share of the image's pixels that the square of an iteration covers. @param iteration Counted from 0. */
export function squareShare(iteration: number, { p, queries, rescaleSchedule }: SquareSchedule): number {
	const at = rescaleSchedule ? Math.trunc((iteration / queries) * scheduled) : iteration
	return p / 2 ** halvings.filter((after) => at > after).length
}

/**
 * Side of an iteration's square, in pixels: the root of its share of the pixels, rounded half to even; at least 1 and at
 * most the image's shorter side. In L2 it is odd and at least 3, unless the image is too small.
 */
export function squareSide(
	iteration: number,
	[height, width]: readonly [number, number],
	schedule: SquareSchedule,
	norm: 'linf' | 'l2',
): number {
	const rounded = roundHalfEven(Math.sqrt(squareShare(iteration, schedule) * height * width))
	const least = norm === 'l2' ? 3 : 1
	const side = Math.max(rounded, least)
	return Math.min(norm === 'l2' && side % 2 === 0 ? side + 1 : side, height, width)
}

function roundHalfEven(value: number): number {
	const below = Math.floor(value)
	return value - below === 0.5 ? below + (below % 2) : Math.round(value)
}
