/** Measures what reading, decoding and augmenting images costs relative to the tuning step that uses them. */

import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import type { Immutable } from '../core/immutable.js'
import { range } from '../core/rows.js'
import type { Dataset, Split } from '../data/dataset.js'
import { createImageLoader, defaultLoaderThreads } from '../data/loading/image-loader.js'
import { zeroShotTemplate } from '../data/templates.js'
import { initialParameters } from '../defenses/defense.js'
import { batchGradients } from '../methods/tuning/batch-gradients.js'
import type { TuningConfig } from '../methods/tuning/configuration.js'
import { prepareTuning } from '../methods/tuning/prepare-tuning.js'
import { loadTrainingImages } from '../methods/tuning/training-images.js'
import { compileTuningPrograms } from '../methods/tuning/tuning-programs.js'
import { count, positive } from '../records/parts/fields.js'
import type { Engine } from '../runtime/engine.js'
import type { ClipModel } from '../vlm/model.js'
import { peakResidentBytes } from './peak-memory.js'

/** The input of {@link benchLoading}. */
export interface LoadingBenchInput {
	readonly engine: Engine
	readonly clip: ClipModel
	/** Data set with training images in files, which the benchmark reads. */
	readonly dataset: Dataset
	readonly config: TuningConfig
	/** Number of images to load from the start of the split, at most all of them. */
	readonly images: number
	/** Number of images for the step, at least 2; each micro-batch takes half, so an odd number becomes even. */
	readonly stepImages: number
	/** Threads of the loader. Default `defaultLoaderThreads()`. */
	readonly loaderThreads?: number | undefined
	/** Called with what is done next, and how far the measurement has come. */
	readonly onProgress?: (done: number, total: number, next: string) => void
	/** Called before every batch of images; may throw to stop. */
	readonly beforeBatch?: () => void
}

const loadingCaseSchema = z.object({
	seconds: z.number().describe('Time for all images; for the step, `images` times the time of one.'),
	processorSeconds: z.number().describe('Processor time of all threads, likewise.'),
	msPerImage: z.number(),
	peakMemoryMB: z.number().describe('Peak resident memory of the process meanwhile, in 10^6 bytes.'),
})

/** One way of loading, or the step. */
export type LoadingBenchCase = Immutable<z.output<typeof loadingCaseSchema>>

const shareSchema = z.object({ seconds: z.number(), processorSeconds: z.number() })

/** Shares in [0, 1] and above. */
export type Share = Immutable<z.output<typeof shareSchema>>

/** The measurement with what it depends on. */
export const loadingBenchSchema = z.object({
	images: positive,
	stepImages: positive.describe('Number of images of the measured step.'),
	imageSize: positive,
	defense: z.string(),
	augmentation: z.string(),
	attackSteps: positive.describe('Steps of the inner attack.'),
	engine: z.string().describe('Name and version.'),
	threads: positive,
	loaderThreads: count,
	mainThread: loadingCaseSchema.describe('Loading on the calling thread, with nothing else running.'),
	loader: loadingCaseSchema.describe('Loading in the threads of a loader, with nothing else running.'),
	step: loadingCaseSchema.describe(
		'Inner attack, losses and gradients of the images, already loaded. Excludes the text part of a step.',
	),
	shareOfStep: z
		.object({ mainThread: shareSchema, loader: shareSchema })
		.describe(
			'Seconds of loading divided by those of the step, and the same in processor seconds, which depend less on other jobs on the machine.',
		),
})

/** The measurement with what it depends on. */
export type LoadingBenchResult = Immutable<z.output<typeof loadingBenchSchema>>

/** Number of progress steps: two ways of loading and three micro-batches. */
const parts = 5

/** Images loaded and dropped at a time. */
const imagesPerBatch = 32

/**
 * Measures loading and augmenting on one thread and in a loader, and the part of a tuning step that every image takes.
 * @throws NaptuneError for senseless counts, or images that are not files or cannot be read.
 */
export async function benchLoading(input: LoadingBenchInput): Promise<LoadingBenchResult> {
	const { engine, clip, dataset, config, stepImages, loaderThreads = defaultLoaderThreads(), onProgress } = input
	const training = dataset.train
	const images = Math.min(input.images, training.length)
	for (const [what, value, least] of [
		['The number of images', images, 1],
		['The number of images of the step', stepImages, 2],
	] as const) {
		if (!Number.isInteger(value) || value < least) {
			throw new NaptuneError(
				'NAP_ARGUMENT_INVALID',
				`${what} must be a whole number of at least ${least}, got ${value}.`,
			)
		}
	}
	if (!training.source) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The images of ${dataset.name} are already decoded, so there is nothing to measure. Give a folder of images.`,
		)
	}
	onProgress?.(0, parts, 'loading on the main thread')
	// Exclude one-time costs of the first image in a process.
	await loadTrainingImages(clip, training, [0], config, 0)
	const mainThread = await measured(images, () => loadAll(input, training, images))
	onProgress?.(1, parts, `loading in threads: ${loaderThreads}`)
	const loader = createImageLoader({ threads: loaderThreads, cacheBytes: 0 })
	const pooled = await (async () => {
		const split = loader.split(training)
		// A run starts its threads once.
		await loadTrainingImages(clip, split, [0], config, 0)
		return measured(images, () => loadAll(input, split, images))
	})().finally(() => loader.close())
	const step = await tuningStep(input, images)
	return {
		images,
		// Even, so that both halves have the same size.
		stepImages: 2 * halfOf(stepImages),
		imageSize: clip.config.vision.imageSize,
		defense: config.defense.name,
		augmentation: config.augmentation,
		attackSteps: config.attack.steps,
		engine: engine.version,
		threads: engine.threads,
		loaderThreads,
		mainThread,
		loader: pooled,
		step,
		shareOfStep: { mainThread: shareOf(mainThread, step), loader: shareOf(pooled, step) },
	}
}

function halfOf(images: number): number {
	return Math.ceil(images / 2)
}

function shareOf(part: LoadingBenchCase, whole: LoadingBenchCase): Share {
	return {
		seconds: part.seconds / whole.seconds,
		processorSeconds: part.processorSeconds / whole.processorSeconds,
	}
}

async function loadAll({ clip, config, beforeBatch }: LoadingBenchInput, split: Split, images: number): Promise<void> {
	for (let start = 0; start < images; start += imagesPerBatch) {
		beforeBatch?.()
		await loadTrainingImages(clip, split, range(start, Math.min(start + imagesPerBatch, images)), config, 0)
	}
}

async function measured(images: number, action: () => Promise<void>): Promise<LoadingBenchCase> {
	let times = { seconds: 0, processorSeconds: 0 }
	const peak = await peakResidentBytes(async () => {
		const clock = startClock()
		await action()
		times = clock()
	})
	return scaled(times, 1, images, peak)
}

type Times = Pick<LoadingBenchCase, 'seconds' | 'processorSeconds'>

function startClock(): () => Times {
	const start = performance.now()
	const before = process.cpuUsage()
	return () => {
		const { user, system } = process.cpuUsage(before)
		return { seconds: (performance.now() - start) / 1000, processorSeconds: (user + system) / 1e6 }
	}
}

function scaled({ seconds, processorSeconds }: Times, factor: number, images: number, peak: number): LoadingBenchCase {
	return {
		seconds: seconds * factor,
		processorSeconds: processorSeconds * factor,
		msPerImage: (1000 * seconds * factor) / images,
		peakMemoryMB: peak / 1e6,
	}
}

/** Three micro-batches of half the images: the first warms up, the time of the others counts. */
async function tuningStep(input: LoadingBenchInput, images: number): Promise<LoadingBenchCase> {
	const { engine, clip, dataset, stepImages, onProgress, beforeBatch } = input
	const microBatchSize = halfOf(stepImages)
	const config = { ...input.config, microBatchSize }
	const defense = prepareTuning(clip, dataset.classNames, config)
	const parameters = await initialParameters(defense, config.seed)
	const one = range(0, microBatchSize).map((row) => row % dataset.train.length)
	const loaded = await loadTrainingImages(clip, dataset.train, one, config, 0)
	const tell = (batch: number) => onProgress?.(2 + batch, parts, 'tuning step')
	let clock: (() => Times) | undefined
	let times: Times | undefined
	tell(0)
	const peak = await peakResidentBytes(async () => {
		const programs = await compileTuningPrograms(engine, clip, defense, config, zeroShotTemplate(dataset.name))
		const about = { engine, programs, clip, defense, config, training: dataset.train, parameters }
		await batchGradients({
			...about,
			positions: [...one, ...one, ...one],
			nextImages: async () => loaded,
			epoch: 0,
			alpha: 1,
			onImages(done) {
				beforeBatch?.()
				if (done === microBatchSize) clock = startClock()
				if (done === 3 * microBatchSize) times = clock!()
				tell(done / microBatchSize)
			},
		}).finally(() => programs.release())
	})
	return scaled(times!, images / (2 * microBatchSize), images, peak)
}
