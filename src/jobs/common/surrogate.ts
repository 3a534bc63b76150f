/** Shared parts of the jobs that train surrogates. */

import { resolve } from 'node:path'
import { z } from 'zod'
import type { SurrogateResult } from '../../methods/surrogates/surrogate-record.js'
import type { EpochMeans } from '../../methods/surrogates/surrogate-training.js'
import { surrogateKind } from '../../records/surrogate.js'
import { type JobContext, type JobTask, startTask } from '../job.js'
import { countField, dataField, dataRootField, seedField, settingsField } from './fields.js'
import { stopIfAsked, stoppedTraining } from './stopped.js'

/** Input fields; fields of the recipe keep its names and defaults. */
export const surrogateFields = {
	/** The .onnx file to write; its record and log go beside it. */
	out: z.string(),
	/** A folder of images, a manifest, a data set of the hub, or the name of a data set. */
	data: dataField,
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Height and width to which images are resized. */
	imageSize: countField.optional(),
	/** Channels of the first stage. */
	width: countField.optional(),
	/** Blocks of each stage. */
	blocks: z.array(countField).optional(),
	/** Passes over the images. */
	epochs: countField.optional(),
	/** Images per step. */
	batchSize: countField.optional(),
	/** Peak learning rate of stochastic gradient descent. */
	learningRate: z.number().nonnegative().optional(),
	/** Seed of initial values, order and augmentation. */
	seed: seedField.optional(),
	/** Any other setting of the recipe, such as `{ weightDecay: 0.001 }`. */
	set: settingsField,
} as const

/** Recipe settings that have their own input fields. */
export function recipeSettings(
	input: Pick<
		z.output<z.ZodObject<typeof surrogateFields>>,
		'imageSize' | 'width' | 'blocks' | 'epochs' | 'batchSize' | 'learningRate' | 'seed'
	>,
) {
	const { imageSize, width, blocks, epochs, batchSize, learningRate, seed } = input
	return { imageSize, width, blocks, epochs, batchSize, learningRate, seed }
}

/** The result of a job that trains a surrogate. */
export const surrogateResult = surrogateKind.schema.shape.result.extend({
	output: z.string().describe('The model.'),
})

/** Events of surrogate training, besides progress and notes: one per finished epoch. */
export interface SurrogateEvent {
	readonly kind: 'surrogate-epoch'
	readonly means: EpochMeans
	/** Epochs of the whole training. */
	readonly epochs: number
}

/** Resolves the file to write. */
export function surrogateOutput(out: string, { onFolder }: Pick<JobContext, 'onFolder'>): string {
	const output = resolve(out)
	onFolder(resolve(output, '..'))
	return output
}

/** Callbacks for the training of a surrogate. @param epochs Epochs of the whole training. */
export function followSurrogate(context: JobContext<SurrogateEvent>, epochs: number) {
	let task: JobTask | undefined
	let reading: JobTask | undefined
	let savedSteps = 0
	return {
		/** Steps in the saved state. */
		savedSteps: () => savedSteps,
		onSaved(steps: number): void {
			savedSteps = steps
		},
		onNotice(text: string): void {
			context.onNote({ kind: 'note', text })
		},
		onImage(done: number, total: number): void {
			// There is nothing to save yet.
			stopIfAsked(context)
			reading ??= startTask(context, 'reading images', total, 'images')
			reading.update(done)
			if (done === total) reading.end()
		},
		onStep(done: number, total: number, loss: number): void {
			task ??= startTask(context, 'training', total, 'steps', done - 1)
			task.update(done, `loss ${loss.toFixed(3)}`)
		},
		onEpoch(means: EpochMeans): void {
			context.onEvent({ kind: 'surrogate-epoch', means, epochs })
		},
		end(): void {
			reading?.end()
			task?.end()
		},
	}
}

/**
 * Returns the result of a training that ran to its end.
 * @param savedSteps Steps in the saved state if it was stopped.
 * @throws NaptuneError with code NAP_STOPPED if it was stopped.
 */
export function finished(output: string, result: SurrogateResult | undefined, savedSteps: number) {
	if (result) return { output, ...result }
	throw stoppedTraining(savedSteps, `beside ${output}`)
}
