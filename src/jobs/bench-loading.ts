/** Measures what reading and augmenting images costs relative to the tuning step that uses them. */

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { writeBenchCheckpoint } from '../bench/bench-checkpoint.js'
import { loadingBenchSchema, benchLoading as measure } from '../bench/bench-loading.js'
import { embeddedDirectory } from '../checkpoints/checkpoint.js'
import { loadClip } from '../checkpoints/load-clip.js'
import { fewShot } from '../data/few-shot.js'
import { loadPreset, presetConfig } from '../methods/tuning/presets.js'
import { countField, dataRootField, seedField } from './common/fields.js'
import { loadData, loadModel } from './common/inputs.js'
import { stopIfAsked } from './common/stopped.js'
import { defineJob, type JobTask, startTask } from './job.js'

/** The input of {@link benchLoading}. */
export const benchLoadingInput = z.strictObject({
	/** A folder of class folders, a manifest, a data set of the hub, or the name of a data set; its images must be files. */
	data: z.string(),
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** A CLIP checkpoint; by default random weights in the geometry of ViT-B/32. */
	model: z.string().optional(),
	/** Preset that sets the tuning step. */
	preset: z.string().default('paper'),
	/** Training images per class. */
	shots: countField.default(16),
	/** Maximum number of images to load; by default all. */
	images: countField.optional(),
	/** Number of images to measure the step on, at least 2. */
	stepImages: z.int().min(2).default(16),
	/** Threads that decode and augment image files; by default half of the cores. */
	loaderThreads: z.int().nonnegative().optional(),
	/** Seed of sample and augmentation. */
	seed: seedField.default(1),
})

/** The result of {@link benchLoading}. */
export const benchLoadingResult = z.object({
	data: z.string(),
	model: z.string(),
	...loadingBenchSchema.shape,
})

/**
 * Measures loading and augmenting images, on the main thread and on worker threads, against the tuning step that uses them.
 * @throws NaptuneError when data or model cannot be used.
 */
export const benchLoading = defineJob({
	name: 'bench-loading',
	doc: 'Measure loading and augmenting images, on the main thread and on worker threads, against the tuning step that uses them.',
	input: benchLoadingInput,
	result: benchLoadingResult,
	async run(input, context) {
		const { data, model, shots, seed, stepImages, loaderThreads } = input
		const { config } = presetConfig(await loadPreset(input.preset), undefined, { shots, seed })
		const dataset = fewShot(await loadData(context, data, seed, input.dataRoot), shots, seed)
		context.onNote({ kind: 'plan', text: 'creating the model' })
		const random =
			model === undefined ? await writeBenchCheckpoint(join(embeddedDirectory, 'tokenizer.json'), tmpdir()) : undefined
		let task: JobTask | undefined
		try {
			const result = await measure({
				engine: await context.engine(),
				clip: await (model === undefined ? loadClip(random?.folder ?? '') : loadModel(context, model)),
				dataset,
				config,
				images: input.images ?? dataset.train.length,
				stepImages,
				loaderThreads,
				beforeBatch: () => stopIfAsked(context),
				onProgress(done, total, next) {
					stopIfAsked(context)
					task ??= startTask(context, 'measuring', total, 'parts')
					task.update(done, next)
				},
			})
			return { data, model: model ?? 'ViT-B/32, random weights', ...result }
		} finally {
			task?.end()
			await random?.remove()
		}
	},
})
