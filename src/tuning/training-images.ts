/** Training images of a run: a few-shot sample in a new random order every epoch, augmented from per-image streams. */

import type { ClipModel } from '../clip/model.js'
import { prepareImage } from '../clip/prepare-image.js'
import type { Split } from '../data/dataset.js'
import { randomResizedCrop } from '../images/augment.js'
import { float32, type Tensor } from '../onnx/tensor.js'
import { generator, permutation } from '../random/counter-based.js'
import type { Generator } from '../random/generator.js'
import type { TuningConfig } from './configuration.js'

/** A part of a batch as the engine takes it. */
export interface TrainingImages {
	readonly pixels: Tensor<'float32'>
	readonly labels: readonly number[]
	readonly ids: readonly string[]
}

/** Steps of one epoch: the last partial batch is dropped, unless it is the only one. */
export function stepsOfEpoch(images: number, batchSize: number): number {
	return Math.max(1, Math.floor(images / batchSize))
}

/** Positions of the images of one step, in the order of the epoch. */
export function positionsOfStep(
	seed: number,
	epoch: number,
	step: number,
	images: number,
	batchSize: number,
): number[] {
	const order = permutation(generator(seed, 'tuning-order', epoch), images)
	return order.slice(step * batchSize, (step + 1) * batchSize)
}

/** Loads and augments images; what an image becomes depends on seed, epoch and its id alone. */
export async function loadTrainingImages(
	clip: ClipModel,
	split: Split,
	positions: readonly number[],
	config: TuningConfig,
	epoch: number,
): Promise<TrainingImages> {
	const { imageSize } = clip.config.vision
	const area = 3 * imageSize * imageSize
	const pixels = new Float32Array(positions.length * area)
	const ids = positions.map((position) => split.id(position))
	for (const [row, position] of positions.entries()) {
		const stream = generator(config.seed, 'tuning-augmentation', epoch, ids[row]!)
		pixels.set(await augmented(clip, split, position, config, stream), row * area)
	}
	return {
		pixels: float32([positions.length, 3, imageSize, imageSize], pixels),
		labels: positions.map((position) => split.label(position)),
		ids,
	}
}

async function augmented(
	clip: ClipModel,
	split: Split,
	position: number,
	{ augmentation }: TuningConfig,
	stream: Generator,
): Promise<Float32Array> {
	const { imageSize } = clip.config.vision
	const image = await split.image(position)
	if (augmentation === 'random-resized-crop') return randomResizedCrop(image, { size: imageSize }, stream)
	const pixels = prepareImage(clip, image)
	return augmentation === 'none' ? pixels : shifted(pixels, imageSize, stream)
}

/** A random shift by up to an eighth with black borders, and a flip, of prepared pixels. */
function shifted(pixels: Float32Array, size: number, stream: Generator): Float32Array {
	const reach = Math.floor(size / 8)
	const top = stream.below(2 * reach + 1) - reach
	const left = stream.below(2 * reach + 1) - reach
	const mirrored = stream.uniform() < 0.5
	const result = new Float32Array(pixels.length)
	for (let channel = 0; channel < 3; channel++) {
		for (let y = 0; y < size; y++) {
			const sourceY = y + top
			if (sourceY < 0 || sourceY >= size) continue
			for (let x = 0; x < size; x++) {
				const sourceX = (mirrored ? size - 1 - x : x) + left
				if (sourceX < 0 || sourceX >= size) continue
				result[(channel * size + y) * size + x] = pixels[(channel * size + sourceY) * size + sourceX]!
			}
		}
	}
	return result
}
