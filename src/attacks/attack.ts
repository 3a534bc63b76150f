/** What every attack is: a pure function from clean images to adversarial ones. */

import type { Tensor } from '../onnx/tensor.js'
import type { Generator } from '../random/generator.js'
import type { Classifier } from './classifier.js'
import type { ThreatModel } from './threat-model.js'

/** A batch to attack. */
export interface AttackBatch {
	/** Clean images [B, 3, H, W] in [0, 1]. */
	readonly images: Tensor<'float32'>
	/** True labels, or targets for a targeted attack. */
	readonly labels: readonly number[]
	/** Stable image ids: an image's random stream depends on its id alone, never on batch or order. */
	readonly ids: readonly string[]
}

/** The random stream of one image. */
export type ImageStreams = (id: string, purpose: string) => Generator

/**
 * An attack. On the CPU provider the same image gets the byte-identical result whatever the batch, order or threads.
 * @returns Adversarial images [B, 3, H, W], inside the box and the ball of the threat model (re-checked).
 */
export type Attack<Options> = (
	classifier: Classifier,
	batch: AttackBatch,
	threatModel: ThreatModel,
	options: Options,
	streams: ImageStreams,
) => Promise<Tensor<'float32'>>
