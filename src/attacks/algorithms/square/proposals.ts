/** How the Square attack changes an image, in either norm. */

import type { Generator } from '../../../random/generator.js'
import type { Area } from './area.js'

/** The random search of one image. All images are [channels · height · width], inside the threat model's set exactly. */
export interface Proposals {
	/** The image that the search begins with. */
	start(): Float32Array
	/**
	 * Turns the best image so far into the next one to try, in place.
	 * @param side Of the square, in pixels.
	 * @returns What may have changed.
	 */
	propose(image: Float32Array, side: number): readonly Area[]
	/** Tells that the last proposal is the best image from now on, in place of the one before. */
	accept(image: Float32Array): void
}

/** The random search around a clean image, with random numbers from the stream. */
export type ProposalsOf = (clean: Float32Array, stream: Generator) => Proposals
