/** The adversarial view of substitute training: images moved away from two views of themselves. */

import { perturbationSet } from '../../attacks/sets/registry.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { float32, type Tensor } from '../../core/tensor.js'
import type { Program } from '../../runtime/engine.js'
import type { SubstituteRecipe } from './recipe.js'

/**
 * Projected gradient ascent on the contrastive loss in L2, from the image itself, in steps of epsilon / steps.
 * @param attack The program of `substituteGraphs`. @param given All its inputs but the images.
 * @returns Images like `images`, in [0, 1].
 */
export async function adversarialImages(
	attack: Program,
	images: Tensor<'float32'>,
	given: Readonly<Record<string, Tensor>>,
	{ epsilon, steps }: Pick<SubstituteRecipe, 'epsilon' | 'steps'>,
): Promise<Tensor<'float32'>> {
	const set = perturbationSet(threatModel('l2', epsilon), images)
	const adversarial = images.data.slice()
	for (let step = 0; step < steps; step++) {
		const { gradient } = await attack.run({ ...given, images: float32(images.shape, adversarial) })
		set.ascend(adversarial, (gradient as Tensor<'float32'>).data, epsilon / steps)
	}
	return float32(images.shape, adversarial)
}
