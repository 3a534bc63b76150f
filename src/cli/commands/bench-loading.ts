/** `naptune bench loading`: what reading and augmenting images costs beside the tuning step that they are for. */

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { writeBenchCheckpoint } from '../../bench/bench-checkpoint.js'
import { benchLoading, type LoadingBenchCase, type LoadingBenchResult } from '../../bench/bench-loading.js'
import { loadClip } from '../../checkpoints/load-clip.js'
import { fewShot } from '../../data/few-shot.js'
import { sourceForms } from '../../data/sources.js'
import { loadPreset, presetConfig } from '../../methods/tuning/presets.js'
import { grouped, percent } from '../format.js'
import { dataRootOption, loadData, loadModel } from '../inputs.js'
import { loaderThreadsOption } from '../loading.js'
import { addSharedOptions, type SharedOptions, seedOption, wholeNumber } from '../options.js'
import { packagedModel } from '../package-files.js'
import { type Session, withSession } from '../session.js'
import { textTable } from '../table.js'

interface LoadingBenchOptions extends SharedOptions {
	readonly data: string
	readonly dataRoot?: string
	readonly model?: string
	readonly preset: string
	readonly shots: number
	readonly images?: number
	readonly stepImages: number
	readonly loaderThreads: number
	readonly seed: number
}

/** Adds the command below `bench`. */
export function addBenchLoadingCommand(bench: Command): void {
	addSharedOptions(
		bench
			.command('loading')
			.description(
				'Measure loading and augmenting images, on the main thread and in threads of its own, against the tuning step that they are for.',
			)
			.requiredOption(
				'--data <folder-or-name>',
				`folder with one folder of images per class, ${sourceForms}, or a data set of naptune data list`,
			)
			.addOption(dataRootOption())
			.option('--model <folder-or-id>', 'CLIP checkpoint (default: random weights in the geometry of ViT-B/32)')
			.addOption(new Option('--preset <name>', 'settings of the step').default('paper'))
			.addOption(new Option('--shots <count>', 'training images per class').argParser(wholeNumber(1)).default(16))
			.addOption(new Option('--images <count>', 'load at most so many (default: all)').argParser(wholeNumber(1)))
			.addOption(
				new Option('--step-images <count>', 'images that the step is measured on')
					.argParser(wholeNumber(2))
					.default(16),
			)
			.addOption(loaderThreadsOption())
			.addOption(seedOption('seed of sample and augmentation', 1)),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune bench loading --data photos
  $ naptune bench loading --data caltech101 --data-root ~/datasets`,
		)
		.action((options: LoadingBenchOptions) => withSession(options, (session) => runBench(options, session)))
}

async function runBench(options: LoadingBenchOptions, session: Session): Promise<void> {
	const { config } = presetConfig(await loadPreset(options.preset), undefined, {
		shots: options.shots,
		seed: options.seed,
	})
	const whole = await loadData(session, options.data, options.seed, options.dataRoot)
	const dataset = fewShot(whole, options.shots, options.seed)
	session.progress.line('making the model')
	const random =
		options.model === undefined
			? await writeBenchCheckpoint(join(packagedModel, 'tokenizer.json'), tmpdir())
			: undefined
	let task: ReturnType<typeof session.progress.start> | undefined
	try {
		const result = await benchLoading({
			engine: await session.engine(),
			clip: await (random ? loadClip(random.folder) : loadModel(options.model!)),
			dataset,
			config,
			images: options.images ?? dataset.train.length,
			stepImages: options.stepImages,
			loaderThreads: options.loaderThreads,
			beforeBatch: session.stopIfAsked,
			onProgress(done, total, next) {
				session.stopIfAsked()
				task ??= session.progress.start('measuring', total, 'parts')
				task.update(done, next)
			},
		})
		task?.end()
		session.result({ data: options.data, model: options.model ?? 'ViT-B/32, random weights', ...result }, text(result))
	} finally {
		task?.end()
		await random?.remove()
	}
}

function text(result: LoadingBenchResult): string {
	const { images, imageSize, stepImages, defense, attackSteps, augmentation, engine, threads, loaderThreads } = result
	const columns = [
		{ heading: `${grouped(images)} images at ${imageSize} pixels` },
		{ heading: 'seconds', align: 'right' },
		{ heading: 'of the step', align: 'right' },
		{ heading: 'processor s', align: 'right' },
		{ heading: 'of the step', align: 'right' },
		{ heading: 'ms/image', align: 'right' },
		{ heading: 'peak MB', align: 'right' },
	] as const
	const row = (name: string, { seconds, processorSeconds, msPerImage, peakMemoryMB }: LoadingBenchCase) => [
		name,
		seconds.toFixed(1),
		percent(seconds / result.step.seconds).trim(),
		processorSeconds.toFixed(1),
		percent(processorSeconds / result.step.processorSeconds).trim(),
		msPerImage.toFixed(1),
		peakMemoryMB.toFixed(0),
	]
	return [
		textTable(columns, [
			row('loading and augmenting on the main thread', result.mainThread),
			row(`loading and augmenting, loader threads: ${loaderThreads}`, result.loader),
			row(`tuning step of ${defense}, PGD-${attackSteps}`, result.step),
		]),
		'',
		`Augmentation ${augmentation}. The step was measured on ${stepImages} images, ${engine}, ${threads} threads, and leaves out what its texts take. A run loads the next images while the engine works; processor seconds are of all threads.`,
	].join('\n')
}
