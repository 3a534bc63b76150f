/** Training images of a run: a few-shot sample in a new random order every epoch, augmented from per-image streams. */

import { float32, type Tensor } from '../../core/tensor.js'
import type { Split } from '../../data/dataset.js'
import { loadViews } from '../../data/loading/load-views.js'
import type { ImageView, StreamName } from '../../images/view.js'
import { generator, permutation } from '../../random/counter-based.js'
import type { ClipModel } from '../../vlm/model.js'
import { preparedView } from '../../vlm/prepare-image.js'
import type { TuningConfig } from './configuration.js'

/** A part of a batch in the form that the engine takes. */
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

/** Loads and augments images; the result depends only on seed, epoch and image id. */
export async function loadTrainingImages(
	clip: ClipModel,
	split: Split,
	positions: readonly number[],
	config: TuningConfig,
	epoch: number,
): Promise<TrainingImages> {
	const { imageSize } = clip.config.vision
	const ids = positions.map((position) => split.id(position))
	const viewAt = (position: number) => trainingView(clip, split.id(position), config, epoch)
	const pixels = await loadViews(split, positions, imageSize, viewAt)
	return {
		pixels: float32([positions.length, 3, imageSize, imageSize], pixels),
		labels: positions.map((position) => split.label(position)),
		ids,
	}
}

/** The augmentation of an image in an epoch. */
export function trainingView(
	clip: ClipModel,
	id: string,
	{ augmentation, seed }: Pick<TuningConfig, 'augmentation' | 'seed'>,
	epoch: number,
): ImageView {
	const prepared = preparedView(clip)
	if (augmentation === 'none') return prepared
	const stream: StreamName = [seed, 'tuning-augmentation', epoch, id]
	return augmentation === 'crop-and-flip'
		? { kind: 'crop-and-flip', prepared, stream }
		: { kind: 'random-resized-crop', size: clip.config.vision.imageSize, stream }
}
