/** Losses of tuning: graphs from clean and adversarial features and logits to per-sample losses. Adding one is an entry here. */

import { ops } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'

/** What a loss reads of one side, clean or adversarial. */
export interface LossSide {
	/** [B, E], not normalised. */
	readonly features: Value
	/** [B, C]. */
	readonly logits: Value
}

/** Per-sample values [B]. */
export interface LossTerms {
	/** What is minimised. */
	readonly loss: Value
	/** Cross entropy on the clean images, for the log. */
	readonly clean: Value
	/** Cross entropy on the adversarial images, for the log. */
	readonly adversarial: Value
}

/** A loss of tuning. */
export interface TuningLoss {
	readonly name: string
	readonly doc: string
	/** @param alpha Scalar weight of the adversarial part. */
	build(sides: { readonly clean: LossSide; readonly adversarial: LossSide }, labels: Value, alpha: Value): LossTerms
}

/** L_clean + α L_adv, both cross entropy on the same images (equation 14). */
const cleanPlusAdversarial: TuningLoss = {
	name: 'clean-plus-adversarial',
	doc: 'Cross entropy on clean images plus alpha times cross entropy on adversarial images (NAP-Tuning, equation 14).',
	build(sides, labels, alpha) {
		const clean = ops.crossEntropy(sides.clean.logits, labels)
		const adversarial = ops.crossEntropy(sides.adversarial.logits, labels)
		return { loss: ops.add(clean, ops.mul(adversarial, alpha)), clean, adversarial }
	},
}

/** Losses by name. */
export const tuningLosses: ReadonlyMap<string, TuningLoss> = new Map(
	[cleanPlusAdversarial].map((loss) => [loss.name, loss]),
)
