/** What an attack sees of a model: a tuned CLIP, a plain ONNX file and a surrogate all look like this. */

import type { Tensor } from '../core/tensor.js'
import type { Objective } from './objectives/objective.js'

/** Values of the taps for a batch, by name; the first axis is the batch. */
export type Taps = Readonly<Record<string, Tensor<'float32'>>>

/** A differentiable image classifier over pixels in [0, 1]; it normalises them itself. */
export interface Classifier {
	/** Class names in logit order. */
	readonly classNames: readonly string[]
	/** [channels, height, width] of one image. */
	readonly inputShape: readonly [number, number, number]
	/** Names of readable values: always `logits` [B, C]; others, such as `imageFeatures` or `tokens.3`, depend on the model. */
	readonly taps: readonly string[]
	/**
	 * Whether two small batches in parallel are faster than one after the other, because the engine evaluates one while the
	 * attack updates the other, and no batch is padded. Default false.
	 */
	readonly pipelined?: boolean
	/**
	 * Reads taps for images [B, 3, H, W].
	 * @throws NaptuneError for an unknown tap or images of the wrong shape.
	 */
	evaluate(images: Tensor<'float32'>, taps: readonly string[]): Promise<Taps>
	/**
	 * Returns per-sample losses, their gradient with respect to the pixels, and the taps that the objective reads, in one
	 * pass.
	 * @param side The objective's side inputs, first axis B.
	 */
	gradient(
		images: Tensor<'float32'>,
		objective: Objective,
		side: Readonly<Record<string, Tensor>>,
	): Promise<{ readonly taps: Taps; readonly loss: Tensor<'float32'>; readonly gradient: Tensor<'float32'> }>
	/**
	 * The same classifier with its random numbers drawn again; only a randomised classifier has it. Draw 0 is the deployed
	 * classifier; an attacker averages over other draws, and the classifier's own gradient also comes from another draw.
	 * Equal indices give equal numbers, the same for every image of a batch. Releasing the original releases all draws.
	 * @param index A whole number from 0.
	 */
	draw?(index: number): Classifier
	/** Frees compiled programs. */
	release(): Promise<void>
}
