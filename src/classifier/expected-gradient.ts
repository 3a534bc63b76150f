/** Gradients of randomised classifiers, averaged over their randomness. */

import { missing } from '../core/at.js'
import type { Tensor } from '../core/tensor.js'
import type { Classifier } from './classifier.js'
import type { Objective } from './objectives/objective.js'

/** A classifier's gradient at a step of an attack, counted from 0; otherwise as `Classifier.gradient`. */
export type StepGradient = (
	step: number,
	images: Tensor<'float32'>,
	objective: Objective,
	side: Readonly<Record<string, Tensor>>,
) => ReturnType<Classifier['gradient']>

/**
 * Expectation over transformation (Athalye et al., "Synthesizing robust adversarial examples", 2018): at step s, gradients
 * are averaged over the draws s · samples + 1 to (s + 1) · samples (after those of skipped steps). Draw 0, the deployed one, is never among them: its
 * numbers are the defender's secret. Losses and taps are those of the last draw, as in the fra31/auto-attack repository.
 * One sample is the gradient of the classifier as it is, and so is any number of them where it has no draws, since all
 * would be the same: the passes are saved.
 * @param samples At least 1.
 * @param skipped Steps whose draws are left out, so that restarts have draws of their own.
 */
export function expectedGradient(classifier: Classifier, samples: number, skipped = 0): StepGradient {
	const draw = classifier.draw?.bind(classifier)
	if (samples === 1 || !draw) return (_, ...call) => classifier.gradient(...call)
	return async (step, ...call) => {
		const sample = (index: number) => draw((skipped + step) * samples + index).gradient(...call)
		const sums = Float64Array.from((await sample(1)).gradient.data)
		for (let index = 2; ; index++) {
			const { gradient, loss, taps } = await sample(index)
			const { data } = gradient
			for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] ?? missing) + (data[at] ?? missing)
			if (index < samples) continue
			return { taps, loss, gradient: { ...gradient, data: Float32Array.from(sums, (sum) => sum / samples) } }
		}
	}
}
