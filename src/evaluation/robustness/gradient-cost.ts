/** Counts the multiply-adds of logits and their gradient with respect to the pixels. */

import type { VisionConfig } from '../../vlm/config.js'

/**
 * Multiply-adds per image for the logits and for the gradient of a loss with respect to the pixels, as the image tower
 * computes them.
 *
 * With P patches of p x p pixels, N = P + 1 tokens, width D, feed-forward width H, L layers, E features and C classes, the
 * forward pass has
 * - linear layers: P · 3p² · D (patches), N · (4 D² + 2 D H) in each of the first L - 1 blocks, N · 2 D² + 2 D² + 2 D H in
 * the last (keys and values of all tokens, all else for the class token only), D · E and E · C;
 * - attention products: 2 N² D in each of the first L - 1 blocks, 2 N D in the last.
 *
 * Going backward to its input, a linear layer with frozen weights takes one product of the same size, an attention product
 * two (one per operand). So the sum is 2 x linear + 3 x attention. Elementwise operations, softmax and normalizations are
 * not counted.
 */
export function gradientMultiplyAdds(vision: VisionConfig, projectionDimension: number, classes: number): number {
	const { width: D, mlpWidth: H, layers: L, imageSize, patchSize, channels } = vision
	const P = Math.floor(imageSize / patchSize) ** 2
	const N = P + 1
	const linear =
		P * channels * patchSize ** 2 * D +
		(L - 1) * N * (4 * D * D + 2 * D * H) +
		(N * 2 * D * D + 2 * D * D + 2 * D * H) +
		D * projectionDimension +
		projectionDimension * classes
	const attention = (L - 1) * 2 * N * N * D + 2 * N * D
	return 2 * linear + 3 * attention
}
