/** Makes the adversarial view of substitute training: images moved away from two views of themselves. */

import { pgd } from '../../attacks/algorithms/pgd/pgd.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import type { Objective } from '../../classifier/objectives/objective.js'
import { float32, type Tensor } from '../../core/tensor.js'
import type { Program } from '../../runtime/engine.js'
import type { SubstituteRecipe } from './recipe.js'

/**
 * Returns versions of `images` [B, 3, S, S], in [0, 1], that are further from two views of themselves.
 * @param given All inputs of the program except the images.
 * @throws NaptuneError naming the images whose gradient is not finite.
 */
export type ViewAttack = (
	images: Tensor<'float32'>,
	ids: readonly string[],
	given: Readonly<Record<string, Tensor>>,
) => Promise<Tensor<'float32'>>

/**
 * Projected gradient ascent on the contrastive loss in L2, from the image itself, in steps of epsilon / steps.
 * @param program The attack program of `substituteGraphs`, with its loss built in.
 */
export function viewAttack(
	program: Program,
	{ epsilon, steps, imageSize }: Pick<SubstituteRecipe, 'epsilon' | 'steps' | 'imageSize'>,
): ViewAttack {
	const attack = pgd.prepare({ steps, stepSize: epsilon / steps, start: 'zero', objective: builtIn })
	const threat = threatModel('l2', epsilon)
	return (images, ids, given) => {
		const batch = { images, labels: ids.map(() => 0), ids }
		// The attack starts from the image itself, so it draws nothing.
		return attackBatch(attack, viewed(program, given, imageSize), batch, threat, imageStreams(0))
	}
}

/** A substitute as a classifier; it has no classes, so an attack sees only its gradient. */
function viewed(program: Program, given: Readonly<Record<string, Tensor>>, size: number): Classifier {
	return {
		classNames: ['image'],
		inputShape: [3, size, size],
		taps: [],
		evaluate: () => notBuilt(),
		async gradient(images) {
			const { gradient } = await program.run({ ...given, images })
			// The loss belongs to the whole batch, not to single images.
			const loss = float32([images.shape[0] ?? 0], new Float32Array(images.shape[0] ?? 0))
			return { taps: {}, loss, gradient: gradient as Tensor<'float32'> }
		},
		release: async () => {},
	}
}

/** The objective of the already compiled program. */
const builtIn: Objective = { name: 'contrastive-views', taps: [], side: {}, build: notBuilt }

function notBuilt(): never {
	throw new TypeError('The program of adversarial views only returns gradients.')
}
