/** Per-image randomness of attacks. */

import { generator } from '../../random/counter-based.js'
import type { ImageStreams } from './attack.js'

/**
 * Random streams keyed by seed, purpose and image id, so that what an image draws depends on neither batch, order,
 * machine nor where a run was resumed.
 * @param seed A whole number from 0 to 2^53 - 1.
 */
export function imageStreams(seed: number): ImageStreams {
	return (id, purpose) => generator(seed, 'attack', purpose, id)
}
