/**
 * Processes one batch of tuning: attacks the current model, then computes losses and the exact mean gradient of every
 * parameter.
 */

import type { Classifier } from '../../classifier/classifier.js'
import { at, entry } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { takeRows } from '../../core/rows.js'
import { elementCount, type Tensor } from '../../core/tensor.js'
import type { Split } from '../../data/dataset.js'
import type { Defense } from '../../defenses/defense.js'
import { tuningLosses } from '../../defenses/tuning-losses.js'
import type { Engine, Feeds, ResidentTensor } from '../../runtime/engine.js'
import { createGradientSums } from '../../training/gradient-sums.js'
import type { TensorSet } from '../../training/tensor-set.js'
import type { ClipModel } from '../../vlm/model.js'
import type { TuningConfig } from './configuration.js'
import { addSums, type EpochSums, emptySums } from './epoch-record.js'
import type { FeatureBank } from './feature-bank.js'
import type { MicroBatch } from './image-side.js'
import { loadTrainingImages, type TrainingImages } from './training-images.js'
import type { TuningPrograms } from './tuning-programs.js'

/** The input of {@link batchGradients}. */
export interface BatchInput {
	readonly engine: Engine
	readonly programs: TuningPrograms
	readonly clip: ClipModel
	readonly defense: Defense
	readonly config: TuningConfig
	/** The training images. */
	readonly training: Split
	readonly parameters: TensorSet
	/** Features to read instead of the images, if the run has a bank. */
	readonly bank?: FeatureBank | undefined
	/** Positions of the batch's images. */
	readonly positions: readonly number[]
	/** Returns the preloaded micro-batches of `positions` in order; by default they are loaded when needed. */
	readonly nextImages?: (() => Promise<TrainingImages>) | undefined
	/** Epoch from 0, which keys the randomness of an image. */
	readonly epoch: number
	/** Weight of the adversarial loss. */
	readonly alpha: number
	/** Called after every micro-batch with the number of finished images. */
	readonly onImages?: (done: number) => void
	/** Stops before the next micro-batch. */
	readonly signal?: AbortSignal | undefined
}

/** The result of a batch. */
export interface BatchResult {
	/** Gradient of the mean loss with respect to every parameter that it depends on. */
	readonly gradients: TensorSet
	readonly sums: EpochSums
}

/**
 * Computes the gradients of a batch in micro-batches. Sums are in float64, so the micro-batch size affects only the last
 * bits of float32.
 * @returns Undefined when stopped; half a batch is useless.
 * @throws NaptuneError when an image cannot be read, or a loss or gradient of a micro-batch is not finite.
 */
export async function batchGradients(input: BatchInput): Promise<BatchResult | undefined> {
	const { engine, programs, defense, config, positions, alpha, signal } = input
	const feeds: Record<string, ResidentTensor> = {}
	try {
		// Send all at once, to wait for one round trip to the worker instead of one per parameter.
		const upload = async ([name, value]: [string, Tensor]) => {
			feeds[name] = await engine.upload(value)
		}
		await Promise.all(Object.entries(input.parameters).map(upload))
		const textFeatures = await engine.upload(await programs.text.features(feeds))
		const teacherTexts = await programs.teacherText?.features(feeds)
		const teacherTextFeatures = teacherTexts && (await engine.upload(teacherTexts))
		const bound: Feeds = Object.assign(feeds, { textFeatures }, defined({ teacherTextFeatures }))
		const attacked = programs.attacked(bound)
		const gradients = createGradientSums(defense.parameters)
		const textGradient = new Float64Array(elementCount(textFeatures.shape))
		const teacherTextGradient = new Float64Array(textGradient.length)
		let sums = emptySums
		for (let from = 0; from < positions.length; from += config.microBatchSize) {
			if (signal?.aborted) return undefined
			const part = positions.slice(from, from + config.microBatchSize)
			const batch = await microBatch(input, part, attacked)
			// If a loss splits the batch, the second half counts in its adversarial version.
			const adversarialHalf = part.map((_, row) => from + row >= positions.length / 2)
			const result = await programs.image.run(bound, { ...batch, adversarialHalf }, alpha, 1 / positions.length)
			for (const [name, gradient] of Object.entries(result.gradients)) gradients.add(name, gradient)
			addTo(textGradient, result.textGradient)
			addTo(teacherTextGradient, result.teacherTextGradient)
			sums = addSums(sums, { images: part.length, ...result })
			input.onImages?.(from + part.length)
		}
		if (!defense.textFeaturesOfImages) {
			await programs.text.backward(bound, Float32Array.from(textGradient), gradients.add)
		}
		await programs.teacherText?.backward(bound, Float32Array.from(teacherTextGradient), gradients.add)
		return { gradients: gradients.tensors(), sums }
	} finally {
		await Promise.all(Object.values(feeds).map((tensor) => tensor.release()))
	}
}

function addTo(sums: Float64Array, values: Float32Array | undefined): void {
	for (const [index, value] of values?.entries() ?? []) sums[index] = at(sums, index) + value
}

/** Clean and adversarial images or features at these positions. */
async function microBatch(
	{ bank, clip, training, config, epoch, nextImages, programs }: BatchInput,
	positions: readonly number[],
	attacked: Classifier,
): Promise<MicroBatch> {
	if (bank) {
		return {
			clean: takeRows(bank.clean, positions),
			adversarial: takeRows(bank.adversarial, positions),
			labels: positions.map((position) => training.label(position)),
		}
	}
	const load = nextImages ?? (() => loadTrainingImages(clip, training, positions, config, epoch))
	const { pixels, labels, ids } = await load()
	if (!entry(tuningLosses, config.loss).attacks) return { clean: pixels, labels }
	const batch = { images: pixels, labels, ids }
	return { clean: pixels, adversarial: await programs.innerAttack(attacked, batch, `epoch ${epoch}`), labels }
}
