/** The micro-batches of a run in order, of which the next is being loaded while the engine works on one. */

import { NaptuneError } from '../../core/errors.js'
import { loadAhead } from '../../core/load-ahead.js'
import type { Split } from '../../data/dataset.js'
import type { ClipModel } from '../../vlm/model.js'
import type { TuningConfig } from './configuration.js'
import { loadTrainingImages, positionsOfStep, type TrainingImages } from './training-images.js'

/** Which micro-batches there are. */
export interface TrainingSequence {
	/** The first step, counted over all epochs, and the one after the last. */
	readonly from: number
	readonly to: number
	readonly stepsPerEpoch: number
	/** Images per step. */
	readonly batchSize: number
}

/** Hands out micro-batches. */
export interface TrainingFeed {
	/** The next one, in the order of steps and of the positions within a step. */
	next(): Promise<TrainingImages>
	/** Loads no more. */
	close(): Promise<void>
}

/** A feed of the training images from a step on. */
export function trainingFeed(
	clip: ClipModel,
	training: Split,
	config: TuningConfig,
	sequence: TrainingSequence,
): TrainingFeed {
	const images = loadAhead(microBatches(training.length, config, sequence), ({ positions, epoch }) =>
		loadTrainingImages(clip, training, positions, config, epoch),
	)
	return {
		async next() {
			const { done, value } = await images.next()
			if (done) throw new NaptuneError('All micro-batches of the run were handed out.')
			return value[1]
		},
		async close() {
			await images.return()
		},
	}
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
