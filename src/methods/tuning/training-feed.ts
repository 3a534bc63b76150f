/** Feeds the micro-batches of a run in order. */

import type { Split } from '../../data/dataset.js'
import { type Feed, feedOf } from '../../training/feed.js'
import type { ClipModel } from '../../vlm/model.js'
import type { TuningConfig } from './configuration.js'
import { loadTrainingImages, positionsOfStep, type TrainingImages } from './training-images.js'

/** Range and sizes of the micro-batches. */
export interface TrainingSequence {
	/** The first step, counted over all epochs, and the one after the last. */
	readonly from: number
	readonly to: number
	readonly stepsPerEpoch: number
	/** Images per step. */
	readonly batchSize: number
}

/** A feed of the training images from a given step, ordered by step and by position within a step. */
export function trainingFeed(
	clip: ClipModel,
	training: Split,
	config: TuningConfig,
	sequence: TrainingSequence,
): Feed<TrainingImages> {
	return feedOf(microBatches(training.length, config, sequence), ({ positions, epoch }) =>
		loadTrainingImages(clip, training, positions, config, epoch),
	)
}

/** Positions of the images of each micro-batch, with the epoch. */
function* microBatches(
	images: number,
	{ seed, microBatchSize }: TuningConfig,
	{ from, to, stepsPerEpoch, batchSize }: TrainingSequence,
): Generator<{ readonly positions: number[]; readonly epoch: number }> {
	for (let step = from; step < to; step++) {
		const epoch = Math.floor(step / stepsPerEpoch)
		const positions = positionsOfStep(seed, epoch, step % stepsPerEpoch, images, batchSize)
		for (let start = 0; start < positions.length; start += microBatchSize) {
			yield { positions: positions.slice(start, start + microBatchSize), epoch }
		}
	}
}
