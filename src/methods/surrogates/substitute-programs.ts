/**
 * Builds the programs of a substitute: embeddings and attack in evaluation form, one step of training, and the finished
 * network.
 */

import { at } from '../../core/at.js'
import { grad, ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import { contrastiveLoss, invarianceLoss } from './contrastive-loss.js'
import type { BatchNormalized } from './network/batch-norm.js'
import { type FinishedWeights, foldedLayers } from './network/folded-layers.js'
import { type SubstituteOutputs, substituteNetwork } from './network/network.js'
import { networkForms } from './network/network-forms.js'
import type { SubstituteRecipe } from './recipe.js'
import { stepOutputs } from './step-results.js'

/** Inputs of a step: two views of the clean images, and a weak and a strong view of the adversarial ones. */
export const viewNames = ['first', 'second', 'weak', 'strong'] as const

/** The graphs of substitute training. */
export interface SubstituteGraphs {
	/** `embedding` of the input `images`; also reads parameters and averages. */
	readonly embed: Readonly<Record<string, Value>>
	/** `gradient` of the contrastive loss to the input `images`, given the embeddings `one` and `two` of two views. */
	readonly attack: Readonly<Record<string, Value>>
	/** `loss`, `contrastive`, `invariance` and those of `stepOutputs`; reads the four views and the parameters. */
	readonly step: Readonly<Record<string, Value>>
	readonly parameters: ReadonlyMap<string, Value>
	readonly averages: ReadonlyMap<string, Value>
	/** Statistics of each view, in the order of `viewNames`. */
	readonly passes: readonly ReadonlyMap<string, BatchNormalized>[]
}

/** Builds all graphs of training, with shared weights. */
export function substituteGraphs(recipe: SubstituteRecipe): SubstituteGraphs {
	const { batchSize, imageSize, embedding: width, temperature, invariance } = recipe
	const forms = networkForms()
	const image = (name: string) => ops.input(name, 'float32', [batchSize, 3, imageSize, imageSize])
	const images = image('images')
	const { embedding } = substituteNetwork(forms.evaluation(), images, recipe, width)
	const [one, two] = ['one', 'two'].map((name) => ops.input(name, 'float32', [batchSize, width])) as [Value, Value]
	const toImages = grad(contrastiveLoss([one, two, embedding], temperature), [images])

	const passes = viewNames.map(() => new Map<string, BatchNormalized>())
	const [first, second, weak, strong] = viewNames.map(
		(name, pass) => substituteNetwork(forms.training(at(passes, pass)), image(name), recipe, width).embedding,
	) as [Value, Value, Value, Value]
	const { loss, contrastive, drift, gradients } = substituteObjective(
		[first, second, weak, strong],
		{ temperature, invariance },
		[...forms.parameters.values()],
	)
	return {
		embed: { embedding },
		attack: { gradient: at(toImages, 0) },
		step: { loss, contrastive, invariance: drift, ...stepOutputs(forms.parameters.keys(), gradients, passes) },
		parameters: forms.parameters,
		averages: forms.averages,
		passes,
	}
}

/**
 * NT-Xent of two clean views and the weak adversarial one, plus `invariance` times one minus the cosine between the strong
 * adversarial view and the weak one, which counts as constant there.
 * @param views Embeddings [B, E] of length 1 in the order of `viewNames`.
 * @returns Scalars, and gradients of the loss to `parameters`.
 */
export function substituteObjective(
	[first, second, weak, strong]: readonly [Value, Value, Value, Value],
	{ temperature, invariance }: Pick<SubstituteRecipe, 'temperature' | 'invariance'>,
	parameters: readonly Value[],
) {
	const contrastive = contrastiveLoss([first, second, weak], temperature)
	const drift = invarianceLoss(strong, weak)
	// Differentiate only to the strong view's embedding and continue from there, so that no gradient reaches the weak view.
	const slope = at(grad(drift, [strong]), 0)
	const ofDrift = grad(strong, parameters, { seed: ops.mul(slope, invariance) })
	const ofContrast = grad(contrastive, parameters)
	return {
		loss: ops.add(contrastive, ops.mul(drift, invariance)),
		contrastive,
		drift,
		gradients: ofContrast.map((gradient, index) => ops.add(gradient, at(ofDrift, index))),
	}
}

/** The finished network: `pixels` [B, 3, S, S] in [0, 1] to `features` and `embedding`. */
export function finishedSubstitute(recipe: SubstituteRecipe, weights: FinishedWeights): SubstituteOutputs {
	const pixels = ops.input('pixels', 'float32', ['B', 3, recipe.imageSize, recipe.imageSize])
	return substituteNetwork(foldedLayers(weights), pixels, recipe, recipe.embedding)
}
