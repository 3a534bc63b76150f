/** How the Square attack changes an image, in either norm. */

import type { Generator } from '../../../random/generator.js'
import type { Area } from './area.js'

/** The random search on one image. All images are [channels · height · width] and exactly inside the threat model's set. */
export interface Proposals {
	/** The initial image. */
	start(): Float32Array
	/**
	 * Turns the best image so far into the next candidate, in place.
	 * @param side Side of the square, in pixels.
	 * @returns The areas that may have changed.
	 */
	propose(image: Float32Array, side: number): readonly Area[]
	/** Makes the last proposal the best image. */
	accept(image: Float32Array): void
}

/** The random search around a clean image, with random numbers from the stream. */
export type ProposalsOf = (clean: Float32Array, stream: Generator) => Proposals
