/** What the training of both kinds of surrogates shares. */

import { resolve } from 'node:path'
import { z } from 'zod'
import type { SurrogateResult } from '../../methods/surrogates/surrogate-record.js'
import type { EpochMeans } from '../../methods/surrogates/surrogate-training.js'
import { surrogateKind } from '../../records/surrogate.js'
import { type JobContext, type JobTask, startTask } from '../job.js'
import { countField, dataField, dataRootField, seedField, settingsField } from './fields.js'
import { stopIfAsked, stoppedTraining } from './stopped.js'

/** Fields of inputs; those of the recipe are named as in it, and take its defaults. */
export const surrogateFields = {
	/** The .onnx file to write; its record and log lie beside it. */
	out: z.string(),
	/** A folder of images, a manifest, a data set of the hub, or the name of a data set. */
	data: dataField,
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Height and width to which images are brought. */
	imageSize: countField.optional(),
	/** Channels of the first stage. */
	width: countField.optional(),
	/** Blocks of each stage. */
	blocks: z.array(countField).optional(),
	/** Passes over the images. */
	epochs: countField.optional(),
	/** Images per step. */
	batchSize: countField.optional(),
	/** Largest rate of stochastic gradient descent. */
	learningRate: z.number().nonnegative().optional(),
	/** Of initial values, order and augmentation. */
	seed: seedField.optional(),
	/** Any other setting of the recipe, such as `{ weightDecay: 0.001 }`. */
	set: settingsField,
} as const

/** Settings of the recipe that have fields of their own. */
export function recipeSettings(
	input: Pick<
		z.output<z.ZodObject<typeof surrogateFields>>,
		'imageSize' | 'width' | 'blocks' | 'epochs' | 'batchSize' | 'learningRate' | 'seed'
	>,
) {
	const { imageSize, width, blocks, epochs, batchSize, learningRate, seed } = input
	return { imageSize, width, blocks, epochs, batchSize, learningRate, seed }
}

/** What a job on a surrogate gives. */
export const surrogateResult = surrogateKind.schema.shape.result.extend({
	output: z.string().describe('The model.'),
})

/** What training a surrogate tells beside progress and notes: every finished epoch. */
export interface SurrogateEvent {
	readonly kind: 'surrogate-epoch'
	readonly means: EpochMeans
	/** Of the whole training. */
	readonly epochs: number
}

/** The file to write. */
export function surrogateOutput(out: string, { onFolder }: Pick<JobContext, 'onFolder'>): string {
	const output = resolve(out)
	onFolder(resolve(output, '..'))
	return output
}

/** Callbacks for the training of a surrogate. @param epochs Of the whole training. */
export function followSurrogate(context: JobContext<SurrogateEvent>, epochs: number) {
	let task: JobTask | undefined
	let reading: JobTask | undefined
	let savedSteps = 0
	return {
		/** Steps that are in the saved state. */
		savedSteps: () => savedSteps,
		onSaved(steps: number): void {
			savedSteps = steps
		},
		onNotice(text: string): void {
			context.onNote({ kind: 'note', text })
		},
		onImage(done: number, total: number): void {
			// Nothing is to be saved yet.
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
 * The result of a training that was not stopped.
 * @param savedSteps In the saved state of one that was.
 * @throws NaptuneError with code NAP_STOPPED for one that was.
 */
export function finished(output: string, result: SurrogateResult | undefined, savedSteps: number) {
	if (result) return { output, ...result }
	throw stoppedTraining(savedSteps, `beside ${output}`)
}
