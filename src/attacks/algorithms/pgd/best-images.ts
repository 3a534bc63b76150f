/** The best adversarial image seen so far, per image. */

import { rowSize } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'

/** How well an adversarial image does. */
export interface Score {
	/** Whether the prediction is what the attacker wants. */
	readonly fooled: boolean
	/** Value of the objective. */
	readonly loss: number
}

/** A collection with one slot per image. */
export interface BestImages {
	/** [B, 3, H, W]; slots that received no image hold the clean one. */
	readonly images: Tensor<'float32'>
	/** Keeps image `from` of `pixels` for image `row` if it is the first, or better: fooling first, then larger loss. */
	offer(row: number, score: Score, pixels: Float32Array, from: number): void
	/** Whether the image kept for `row` fools the classifier. */
	fooled(row: number): boolean
}

/** An empty collection for clean images [B, 3, H, W]. */
export function bestImages(clean: Tensor<'float32'>): BestImages {
	const size = rowSize(clean)
	const images: Tensor<'float32'> = { ...clean, data: clean.data.slice() }
	const scores: (Score | undefined)[] = []
	return {
		images,
		offer(row, score, pixels, from) {
			const best = scores[row]
			const better = !best || (score.fooled === best.fooled ? score.loss > best.loss : score.fooled)
			if (!better) return
			scores[row] = score
			images.data.set(pixels.subarray(from * size, (from + 1) * size), row * size)
		},
		fooled: (row) => scores[row]?.fooled ?? false,
	}
}
