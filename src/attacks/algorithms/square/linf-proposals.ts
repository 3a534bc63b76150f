/** The Square attack's proposals in L-infinity: squares of one colour. */

import { at, missing } from '../../../core/at.js'
import { linfBounds } from '../../sets/linf-set.js'
import { drawnSquare, forEachRun, type ImageShape } from './area.js'
import type { ProposalsOf } from './proposals.js'

/**
 * Starts from vertical stripes: every column of every channel goes up or down by epsilon. A proposal adds 2 epsilon, up or
 * down per channel, on one square, and projects. Because every pixel is at one end of its range from the start, this moves
 * the pixels of the square to the upper or the lower end.
 */
export function linfProposals(shape: ImageShape, epsilon: number): ProposalsOf {
	const [channels, height, width] = shape
	return (clean, stream) => {
		const { lower, upper } = linfBounds(clean, epsilon)
		const drawnEnds = (count: number) => Array.from({ length: count }, () => (stream.below(2) === 1 ? upper : lower))
		return {
			start() {
				const ends = drawnEnds(channels * width)
				return clean.map((_, index) => {
					const channel = Math.floor(index / (height * width))
					return at(ends, channel * width + (index % width))[index] ?? missing
				})
			},
			propose(image, side) {
				const square = drawnSquare(side, shape, stream)
				const ends = drawnEnds(channels)
				forEachRun(square, shape, (start, end, channel) => {
					const values = at(ends, channel)
					for (let index = start; index < end; index++) image[index] = values[index] ?? missing
				})
				return [square]
			},
			accept() {},
		}
	}
}
