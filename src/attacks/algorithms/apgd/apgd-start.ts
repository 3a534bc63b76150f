/** Random starts of APGD. */

import { missing } from '../../../core/at.js'
import type { Generator } from '../../../random/generator.js'
import type { Norm } from '../../sets/threat-model.js'
import type { Pixels } from './apgd-moves.js'

/**
 * Replaces one clean image by a random point on the surface of its ball, clipped to the box [0, 1]: uniform changes in [-1,
 * 1) (L-infinity) or normal ones (L2), divided by their norm and multiplied by epsilon.
 * @param images [B · n], with the clean image at `start` to `end`.
 */
export function apgdRandomStart(
	images: Pixels,
	{ start, end }: { readonly start: number; readonly end: number },
	{ norm, epsilon }: { readonly norm: Norm; readonly epsilon: number },
	stream: Generator,
): void {
	const change = new Float64Array(end - start)
	let size = 0
	for (let index = 0; index < change.length; index++) {
		const drawn = norm === 'linf' ? 2 * stream.uniform() - 1 : stream.normal()
		change[index] = drawn
		size = norm === 'linf' ? Math.max(size, Math.abs(drawn)) : size + drawn * drawn
	}
	const scale = epsilon / ((norm === 'linf' ? size : Math.sqrt(size)) + 1e-12)
	change.forEach((drawn, index) => {
		images[start + index] = Math.min(1, Math.max(0, (images[start + index] ?? missing) + scale * drawn))
	})
}
