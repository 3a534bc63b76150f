/** Per-image randomness of attacks. */

import { generator } from '../../random/counter-based.js'
import type { Generator } from '../../random/generator.js'

/** The random stream of one image for one purpose, such as `pgd start 0`; equal arguments give equal streams. */
export type ImageStreams = (id: string, purpose: string) => Generator

/**
 * Random streams keyed by seed, purpose and image id, so that an image's draws do not depend on batch, order, machine, or
 * where a run resumed.
 * @param seed A whole number from 0 to 2^53 - 1.
 */
export function imageStreams(seed: number): ImageStreams {
	return (id, purpose) => generator(seed, 'attack', purpose, id)
}
