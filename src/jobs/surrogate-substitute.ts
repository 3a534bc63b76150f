/** Trains a substitute on unlabelled images, for attacks that must transfer to other models (AGS). */

import { z } from 'zod'
import { loadUnlabelled } from '../data/folders/unlabelled-images.js'
import { substituteRecipe } from '../methods/surrogates/recipe.js'
import { trainSubstitute } from '../methods/surrogates/train-substitute.js'
import { followDownload } from './common/follow-download.js'
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

/** The input of {@link surrogateSubstitute}. */
export const surrogateSubstituteInput = z.strictObject({
	...surrogateFields,
	/** L2 size of the adversarial view, in units of pixels in [0, 1]. */
	epsilon: z.number().nonnegative().optional(),
})

/**
 * Trains a substitute by self-supervised adversarial training and writes it as an ONNX file with its mid-layer features. The
 * same call continues a stopped training.
 * @throws NaptuneError when data and settings do not fit, or `out` holds another model.
 */
export const surrogateSubstitute = defineJob({
	name: 'surrogate-substitute',
	doc: 'Train a substitute on images without labels by self-supervised adversarial training (AGS) and write it as an ONNX file with its mid-layer features. Run the same command again to continue a stopped training.',
	input: surrogateSubstituteInput,
	result: surrogateResult,
	async run(input, context: JobContext<SurrogateEvent>) {
		const recipe = substituteRecipe({ ...recipeSettings(input), epsilon: input.epsilon, ...input.set })
		const output = surrogateOutput(input.out, context)
		const { onProgress, end } = followDownload(context)
		const { name, images, origin } = await loadUnlabelled(input.data, { root: input.dataRoot, onProgress }).finally(end)
		const engine = await context.engine()
		const follow = followSurrogate(context, recipe.epochs)
		const result = await trainSubstitute({
			engine,
			images,
			data: { name, origin },
			recipe,
			output,
			signal: context.signal,
			...follow,
		}).finally(follow.end)
		return finished(output, result, follow.savedSteps())
	},
})
