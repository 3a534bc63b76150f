/** Trains a classifier for attacks that must transfer to other models. */

import { z } from 'zod'
import { classifierRecipe } from '../methods/surrogates/recipe.js'
import { trainClassifier } from '../methods/surrogates/train-classifier.js'
import { loadData } from './common/inputs.js'
import {
	finished,
	followSurrogate,
	recipeSettings,
	type SurrogateEvent,
	surrogateFields,
	surrogateOutput,
	surrogateResult,
} from './common/surrogate.js'
import { defineJob, type JobContext } from './job.js'

/** The input of {@link surrogateTrain}. */
export const surrogateTrainInput = z.strictObject({
	...surrogateFields,
	/** Kind of network: `plain`, `residual` or `depthwise`; by default `residual`. */
	family: z.string().optional(),
})

/**
 * Trains a small convolutional classifier and writes it as an ONNX file. The same call continues a stopped training.
 * @throws NaptuneError when data and settings do not fit, or `out` holds another model.
 */
export const surrogateTrain = defineJob({
	name: 'surrogate-train',
	doc: 'Train a small convolutional classifier and write it as an ONNX file. Run the same command again to continue a stopped training.',
	input: surrogateTrainInput,
	result: surrogateResult,
	async run(input, context: JobContext<SurrogateEvent>) {
		const recipe = classifierRecipe({ ...recipeSettings(input), family: input.family, ...input.set })
		const output = surrogateOutput(input.out, context)
		const dataset = await loadData(context, input.data, recipe.seed, input.dataRoot)
		const engine = await context.engine()
		const follow = followSurrogate(context, recipe.epochs)
		const { signal } = context
		const result = await trainClassifier({ engine, dataset, recipe, output, signal, ...follow }).finally(follow.end)
		return finished(output, result, follow.savedSteps())
	},
})
