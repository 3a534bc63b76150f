/**
 * Batches of augmented images and sampled captions, a pure function of recipe and step, so that a resumed run sees the same
 * ones.
 */

import { at } from '../../core/at.js'
import { float32, type Tensor, tensor } from '../../core/tensor.js'
import { generator, permutation } from '../../random/counter-based.js'
import type { Generator } from '../../random/generator.js'
import type { ClipTokenizer } from '../../vlm/tokenizer.js'
import { caption } from './captions/captions.js'
import type { PretrainingRecipe } from './recipe.js'

/** Square RGB images of one size with class labels. */
export interface LabelledImages {
	/** Height and width in pixels. */
	readonly size: number
	/** [N, size, size, 3], channels last. */
	readonly pixels: Uint8Array
	readonly labels: Uint8Array
	/** Number of classes. */
	readonly classes: number
}

/** Inputs of the pre-training program. */
export type Batch = Readonly<Record<'pixels' | 'ids' | 'endPosition' | 'positives', Tensor>>

/** Steps of one pass: the last partial batch is dropped. */
export function stepsPerEpoch(images: number, batchSize: number): number {
	return Math.floor(images / batchSize)
}

/**
 * The batch of a 0-based step.
 * @param pool Indices of the images to train on.
 * @param imageSize Side of the crops that the model reads, at most the images' own.
 */
export function batchOfStep(
	data: LabelledImages,
	pool: readonly number[],
	tokenizer: ClipTokenizer,
	recipe: PretrainingRecipe,
	imageSize: number,
	step: number,
): Batch {
	const { batchSize, captionsPerClass, captionLength, seed } = recipe
	const perEpoch = stepsPerEpoch(pool.length, batchSize)
	const order = permutation(generator(seed, 'pretraining-order', Math.floor(step / perEpoch)), pool.length)
	const offset = (step % perEpoch) * batchSize
	const stream = generator(seed, 'pretraining-step', step)
	const area = 3 * imageSize * imageSize
	const pixels = new Float32Array(batchSize * area)
	const labels = new Uint8Array(batchSize)
	for (let row = 0; row < batchSize; row++) {
		const index = at(pool, at(order, offset + row))
		labels[row] = at(data.labels, index)
		augment(data, index, imageSize, pixels.subarray(row * area, (row + 1) * area), recipe.augmentation, stream)
	}
	const captionCount = captionsPerClass * data.classes
	const ids = new BigInt64Array(captionCount * captionLength)
	const endPosition = new Float32Array(captionCount * captionLength)
	const positives = new Float32Array(batchSize * captionCount)
	for (let column = 0; column < captionCount; column++) {
		const label = column % data.classes
		const tokens = drawTokens(label, tokenizer, captionLength, stream)
		tokens.forEach((token, at) => {
			ids[column * captionLength + at] = BigInt(token)
		})
		endPosition[column * captionLength + tokens.length - 1] = 1
		for (let row = 0; row < batchSize; row++) if (labels[row] === label) positives[row * captionCount + column] = 1
	}
	return {
		pixels: float32([batchSize, 3, imageSize, imageSize], pixels),
		ids: tensor('int64', [captionCount, captionLength], ids),
		endPosition: float32([captionCount, captionLength], endPosition),
		positives: float32([batchSize, captionCount], positives),
	}
}

function drawTokens(label: number, tokenizer: ClipTokenizer, longest: number, stream: Generator): readonly number[] {
	for (;;) {
		const tokens = tokenizer.encode(caption(label, stream))
		if (tokens.length <= longest) return tokens
	}
}

/** Random crop of the image with a black border, flip and cutout, written channels first in [0, 1]. */
function augment(
	{ size, pixels }: LabelledImages,
	index: number,
	out: number,
	target: Float32Array,
	{ padding, flip, cutout }: PretrainingRecipe['augmentation'],
	stream: Generator,
): void {
	const top = stream.below(size - out + 2 * padding + 1) - padding
	const left = stream.below(size - out + 2 * padding + 1) - padding
	const mirrored = stream.uniform() < flip
	const base = index * size * size * 3
	const holeTop = cutout > 0 ? stream.below(out) - (cutout >> 1) : out
	const holeLeft = cutout > 0 ? stream.below(out) - (cutout >> 1) : out
	const plane = out * out
	for (let y = 0; y < out; y++) {
		const sourceY = y + top
		for (let x = 0; x < out; x++) {
			const sourceX = (mirrored ? out - 1 - x : x) + left
			const pixel = y * out + x
			if (y >= holeTop && y < holeTop + cutout && x >= holeLeft && x < holeLeft + cutout) {
				for (let channel = 0; channel < 3; channel++) target[channel * plane + pixel] = 0.5
			} else if (sourceY >= 0 && sourceY < size && sourceX >= 0 && sourceX < size) {
				const from = base + (sourceY * size + sourceX) * 3
				for (let channel = 0; channel < 3; channel++) target[channel * plane + pixel] = at(pixels, from + channel) / 255
			}
		}
	}
}
