/** What an attack sees of a model. A tuned CLIP, a plain ONNX file and a surrogate all look like this. */

import type { Tensor } from '../core/tensor.js'
import type { Objective } from './objectives/objective.js'

/** The taps' values for a batch, by tap name; the first axis is the batch. */
export type Taps = Readonly<Record<string, Tensor<'float32'>>>

/** A differentiable image classifier over pixels in [0, 1]; normalisation is inside. */
export interface Classifier {
	/** Class names in logit order. */
	readonly classNames: readonly string[]
	/** [channels, height, width] of one image. */
	readonly inputShape: readonly [number, number, number]
	/** Names of values that can be read: `logits` [B, C] always, others such as `imageFeatures` or `tokens.3` where offered. */
	readonly taps: readonly string[]
	/**
	 * Whether two small batches at a time go faster than one after the other, because the engine works on one while the
	 * attack moves the other, and no batch is filled up. Default false.
	 */
	readonly pipelined?: boolean
	/**
	 * Reads taps for images [B, 3, H, W].
	 * @throws NaptuneError for an unknown tap or images of another shape.
	 */
	evaluate(images: Tensor<'float32'>, taps: readonly string[]): Promise<Taps>
	/**
	 * Per-sample losses, their gradient to the pixels and the taps that the objective reads, in one pass.
	 * @param side The objective's side inputs, first axis B.
	 */
	gradient(
		images: Tensor<'float32'>,
		objective: Objective,
		side: Readonly<Record<string, Tensor>>,
	): Promise<{ readonly taps: Taps; readonly loss: Tensor<'float32'>; readonly gradient: Tensor<'float32'> }>
	/**
	 * The same classifier with its random numbers drawn anew; only a randomised one has it. Draw 0 is the deployed one
	 * itself; an attacker averages over others, and the classifier's own gradient is that of another, too. The same index
	 * gives the same numbers, alike for every image of a batch. Releasing the original releases all draws.
	 * @param index A whole number from 0.
	 */
	draw?(index: number): Classifier
	/** Frees compiled programs. */
	release(): Promise<void>
}
