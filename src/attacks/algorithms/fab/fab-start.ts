/** Random starts of FAB. */

import { missing } from '../../../core/at.js'
import type { Generator } from '../../../random/generator.js'
import { vectorNorm } from '../../sets/hyperplane-projection.js'
import type { ThreatModel } from '../../sets/threat-model.js'

/**
 * Moves an image by half of epsilon in a random direction, clipped to the box: uniform in the cube and scaled to its surface
 * in L-infinity, uniform on the sphere in L2.
 */
export function fabStart(image: Float32Array, { norm, epsilon }: ThreatModel, stream: Generator): void {
	const direction = Float64Array.from(image, () => (norm === 'linf' ? 2 * stream.uniform() - 1 : stream.normal()))
	const scale = (0.5 * epsilon) / vectorNorm(norm, direction)
	for (let index = 0; index < image.length; index++) {
		image[index] = Math.min(1, Math.max(0, (image[index] ?? missing) + scale * (direction[index] ?? missing)))
	}
}
