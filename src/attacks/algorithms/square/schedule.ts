/** How large the squares of the Square attack are at which iteration. */

/** The share of pixels is halved again after each of these iterations. */
const halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]
/** Iterations that the halvings are made for when they are rescaled. */
const scheduled = 10_000

/** What the size of a square depends on. */
export interface SquareSchedule {
	/** Share of the image's pixels that the first squares cover, in (0, 1]. */
	readonly p: number
	/** Iterations in all. */
	readonly queries: number
	/** Whether the halvings, made for 10,000 iterations, are spread over the iterations there are. */
	readonly rescaleSchedule: boolean
}

/** Share of the image's pixels that the square of an iteration covers. @param iteration Counted from 0. */
export function squareShare(iteration: number, { p, queries, rescaleSchedule }: SquareSchedule): number {
	const at = rescaleSchedule ? Math.trunc((iteration / queries) * scheduled) : iteration
	return p / 2 ** halvings.filter((after) => at > after).length
}

/**
 * Side of the square of an iteration, in pixels: the root of its share of the pixels, rounded half to even; at least 1 and
 * at most the image's shorter side. In L2 it is at least 3 and odd, unless the image is too small for that.
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
