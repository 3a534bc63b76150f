/** Builds a surrogate from a pre-trained network: its features and a new last layer for the data. */

import { z } from 'zod'
import { writtenSurrogate } from '../experiments/surrogate-text.js'
import { readBackbone } from '../methods/surrogates/backbone.js'
import { headRecipe, trainHead } from '../methods/surrogates/train-head.js'
import { countField, dataField, dataRootField, seedField } from './common/fields.js'
import { loadData } from './common/inputs.js'
import { stopped } from './common/stopped.js'
import { type SurrogateEvent, surrogateOutput, surrogateResult } from './common/surrogate.js'
import { defineJob, type JobContext, startTask } from './job.js'

/** The input of {@link surrogateHead}. */
export const surrogateHeadInput = z.strictObject({
	/**
	 * The pre-trained network (.onnx), with the known facts about its input: `resnet50.onnx?normalisation=imagenet&size=224`.
	 */
	backbone: z.string(),
	/** The .onnx file to write; its record and log go beside it. */
	out: z.string(),
	/** A folder of images, a manifest, a data set of the hub, or the name of a data set. */
	data: dataField,
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Training images per class, a cap for large data sets; by default 16. */
	shots: countField.optional(),
	/** Passes over the images; by default 90. */
	epochs: countField.optional(),
	/** Images per step; by default 32. */
	batchSize: countField.optional(),
	/** Initial learning rate of AdamW; by default 0.001. */
	learningRate: z.number().positive().optional(),
	/** Seed of the sample, initial values and order; by default 1. */
	seed: seedField.optional(),
})

/**
 * Trains a new last layer on the features of a pre-trained network, and writes both as one ONNX file.
 * @throws NaptuneError when network and data do not fit, or `out` holds another model.
 */
export const surrogateHead = defineJob({
	name: 'surrogate-head',
	doc: 'Put a new last layer onto a pre-trained network and train it on a few images per class, as AdvPT’s authors made their surrogate; write both as one ONNX file.',
	input: surrogateHeadInput,
	result: surrogateResult,
	async run({ backbone: text, out, data, dataRoot, ...settings }, context: JobContext<SurrogateEvent>) {
		const recipe = headRecipe(settings)
		const { path, declared } = writtenSurrogate(text)
		const backbone = await readBackbone(path, declared)
		if (backbone.input.guessed.length > 0) {
			const guessed = backbone.input.guessed.join(', ')
			context.onNote({ kind: 'note', text: `${backbone.name}: guessed ${guessed}; declare it after a ? in --backbone` })
		}
		const output = surrogateOutput(out, context)
		const dataset = await loadData(context, data, recipe.seed, dataRoot)
		const engine = await context.engine()
		const task = startTask(context, 'backbone', 1, 'images')
		const result = await trainHead({
			engine,
			dataset,
			backbone,
			recipe,
			output,
			signal: context.signal,
			onImage: (done, total) => task.update(done, backbone.what, total),
			onEpoch: (means) => context.onEvent({ kind: 'surrogate-epoch', means, epochs: recipe.epochs }),
		}).finally(() => task.end())
		if (!result)
			throw stopped('Stopped. Nothing was saved, since a head trains quickly; run the same command to start over.')
		return { output, ...result }
	},
})
