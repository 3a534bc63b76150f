/** Checks, before any computation, whether a model can be fine-tuned here. */

import { freemem } from 'node:os'
import { NaptuneError } from '../../core/errors.js'
import { elementCount } from '../../core/tensor.js'
import { type Defense, trainableParameters } from '../../defenses/defense.js'
import type { ClipModel } from '../../vlm/model.js'
import { towersOf } from '../../vlm/towers.js'
import { checkpointFolder } from './fine-tuned-checkpoint.js'

/** Sizes that determine the memory of a step. */
interface StepSize {
	readonly microBatchSize: number
	readonly batchSize: number
}

/**
 * Bytes of memory per trained parameter: its value here and in the engine, its gradient in the engine, in transfer and
 * summed in float64, and the two moments of AdamW.
 */
const bytesPerParameter = 4 + 4 + 4 + 4 + 8 + 8

/**
 * Estimates the peak memory of a run in bytes. Frozen weights count twice: in the graph and in the engine. The backward pass
 * needs the activations of both the clean and the adversarial images: about 24 vectors of the tower's width per token, and
 * three numbers per head and pair of tokens.
 */
export function fineTuningBytes(
	{ config }: Pick<ClipModel, 'config'>,
	defense: Pick<Defense, 'parameters'>,
	{ microBatchSize, batchSize }: StepSize,
): number {
	const { width, heads, layers } = config.vision
	const { imageTokens, expectedWeights } = towersOf(config)
	const tokens = imageTokens(config.vision)
	const model = [...expectedWeights(config).values()].reduce((sum, shape) => sum + elementCount(shape), 0)
	const perImage = 4 * layers * (24 * tokens * width + 3 * heads * tokens ** 2)
	const trained = trainableParameters(defense)
	const frozen = 8 * Math.max(0, model - trained)
	return frozen + trained * bytesPerParameter + 2 * Math.min(microBatchSize, batchSize) * perImage
}

/**
 * Checks a fine-tuning before it starts.
 * @param available Bytes of free memory.
 * @throws NaptuneError when the model has a layout that cannot be written back, or memory does not suffice.
 */
export function requireFineTunable(
	clip: ClipModel,
	defense: Pick<Defense, 'parameters' | 'name'>,
	size: StepSize,
	available = freemem(),
): void {
	if (checkpointFolder(clip.checkpoint) === undefined) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${defense.name} saves a whole checkpoint, which works only for folders in the layout of transformers; ${clip.checkpoint.source} is not one. Convert the model first.`,
		)
	}
	const needed = fineTuningBytes(clip, defense, size)
	if (needed <= available) return
	const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`${defense.name} would need about ${gigabytes(needed)} of memory for ${trainableParameters(defense)} numbers and micro-batches of ${size.microBatchSize}; ${gigabytes(available)} are free. Lower microBatchSize, or tune only the last layers (defense.options.lastLayers).`,
	)
}
