/** Gradients of randomised classifiers, averaged over their randomness. */

import { missing } from '../core/at.js'
import type { Tensor } from '../core/tensor.js'
import type { Classifier } from './classifier.js'
import type { Objective } from './objectives/objective.js'

/** A classifier's gradient at a step of an attack, counted from 0; otherwise like `Classifier.gradient`. */
export type StepGradient = (
	step: number,
	images: Tensor<'float32'>,
	objective: Objective,
	side: Readonly<Record<string, Tensor>>,
) => ReturnType<Classifier['gradient']>

/**
 * Expectation over transformation (Athalye et al., "Synthesizing robust adversarial examples", 2018): at step s, it averages
 * the gradients of draws s · samples + 1 to (s + 1) · samples (after those of skipped steps). Draw 0, the deployed one, is
 * never used: its numbers are the defender's secret. Losses and taps come from the last draw, as in the fra31/auto-attack
 * repository. With one sample, or a classifier without draws, it is the plain gradient: equal draws would waste passes.
 * @param samples At least 1.
 * @param skipped Steps whose draws are skipped, so that restarts use different draws.
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
