/** What every attack is: a pure function from clean images to adversarial ones. */

import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier } from '../../classifier/classifier.js'
import type { Tensor } from '../../core/tensor.js'
import type { Generator } from '../../random/generator.js'
import type { ThreatModel } from '../sets/threat-model.js'

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
