/** Labelled images, as attacks and the side inputs of objectives use them. */

import type { Tensor } from '../core/tensor.js'

/** A batch to attack. */
export interface AttackBatch {
	/** Clean images [B, 3, H, W] in [0, 1]. */
	readonly images: Tensor<'float32'>
	/** True labels; targets for a targeted attack. */
	readonly labels: readonly number[]
	/** Stable image ids: an image's random stream depends on its id alone, never on batch or order. */
	readonly ids: readonly string[]
}
