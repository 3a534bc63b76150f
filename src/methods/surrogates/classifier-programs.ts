/** Builds the programs of a classifier: one training step, and the finished network. */

import { grad, ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import type { BatchNormalized } from './network/batch-norm.js'
import { type FinishedWeights, foldedLayers } from './network/folded-layers.js'
import { type ClassifierOutputs, classifierNetwork, type PixelStatistics } from './network/network.js'
import { networkForms } from './network/network-forms.js'
import type { ClassifierRecipe } from './recipe.js'
import { stepOutputs } from './step-results.js'

/** One step as a graph. */
export interface ClassifierStep {
	/** `loss` (scalar), `logits` [B, C] and those of `stepOutputs`. Inputs: `pixels`, `labels` and the parameters. */
	readonly outputs: Readonly<Record<string, Value>>
	readonly parameters: ReadonlyMap<string, Value>
	readonly averages: ReadonlyMap<string, Value>
	readonly statistics: ReadonlyMap<string, BatchNormalized>
	/** The network with running averages, for any batch. Inputs: `images`, the parameters and the averages. */
	readonly evaluation: ClassifierOutputs
}

/** Builds a step: mean cross entropy of a batch, with its gradients to all parameters. */
export function classifierStep(
	recipe: ClassifierRecipe,
	pixelStatistics: PixelStatistics,
	classes: number,
): ClassifierStep {
	const { batchSize, imageSize } = recipe
	const forms = networkForms()
	const statistics = new Map<string, BatchNormalized>()
	const pixels = ops.input('pixels', 'float32', [batchSize, 3, imageSize, imageSize])
	const labels = ops.input('labels', 'int64', [batchSize])
	const { logits } = classifierNetwork(forms.training(statistics), pixels, recipe, pixelStatistics, classes)
	const loss = ops.mul(ops.reduceSum(ops.crossEntropy(logits, labels)), 1 / batchSize)
	const images = ops.input('images', 'float32', ['B', 3, imageSize, imageSize])
	const evaluation = classifierNetwork(forms.evaluation(), images, recipe, pixelStatistics, classes)
	const { parameters, averages } = forms
	const gradients = grad(loss, [...parameters.values()])
	return {
		outputs: { loss, logits, ...stepOutputs(parameters.keys(), gradients, [statistics]) },
		parameters,
		averages,
		statistics,
		evaluation,
	}
}

/** The finished network: `pixels` [B, 3, S, S] in [0, 1] to `logits` and `features`. */
export function finishedClassifier(
	recipe: ClassifierRecipe,
	pixelStatistics: PixelStatistics,
	classes: number,
	weights: FinishedWeights,
): ClassifierOutputs {
	const pixels = ops.input('pixels', 'float32', ['B', 3, recipe.imageSize, recipe.imageSize])
	return classifierNetwork(foldedLayers(weights), pixels, recipe, pixelStatistics, classes)
}
