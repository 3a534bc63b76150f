/** The images that an attack may return for given clean ones, and moves among them. */

import type { Generator } from '../../random/generator.js'

/**
 * The intersection of each image's ball with the box [0, 1]. All methods modify `images`, the float32 pixels [B, 3, H, W] of
 * the whole batch, in place. They compute in float64 and round to float32 once per operation; the result is exactly inside
 * the set, measured in float64. Each image is processed separately, in the order of its pixels, so that its result does not
 * depend on the batch.
 */
export interface PerturbationSet {
	/**
	 * Replaces image `row` by a random point of its ball, clipped to the box.
	 * @param oneSided Only points where no pixel is below the clean one. @throws NaptuneError in L2, which has none.
	 */
	sample(images: Float32Array, row: number, stream: Generator, oneSided?: boolean): void
	/** Moves every image by a step of this length in the steepest direction of its norm, then projects it. */
	ascend(images: Float32Array, gradient: Float32Array, stepSize: number): void
	/** Moves every image into its set. */
	project(images: Float32Array): void
}
