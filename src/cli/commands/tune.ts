/** `naptune tune`: a defense on a CLIP and labelled images. */

import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { fewShot } from '../../data/few-shot.js'
import { exclusionNotice } from '../../data/loading/unreadable.js'
import { trainableParameters } from '../../defenses/defense.js'
import { tunableDefenses } from '../../defenses/registry.js'
import { prepareTuning } from '../../methods/tuning/prepare-tuning.js'
import { loadPreset, type Preset, presetConfig } from '../../methods/tuning/presets.js'
import { checkRun, type SavedPart, type TuneInput, tune } from '../../methods/tuning/tune.js'
import { Interruption } from '../exit-codes.js'
import { followTuning } from '../follow-tuning.js'
import { duration, epsilonText, grouped, percent } from '../format.js'
import { dataOption, dataRootOption, loadData, loadModel, modelOption } from '../inputs.js'
import { type LoadingOptions, loaderThreadsOption, unreadableImages, unreadableOption } from '../loading.js'
import {
	addSharedOptions,
	collectSetting,
	epsilonOption,
	given,
	type SharedOptions,
	seedOption,
	wholeNumber,
} from '../options.js'
import { type Session, withSession } from '../session.js'
import {
	isTracked,
	type TrackingOptions,
	tellEarlierEpochs,
	tellEpoch,
	trackingOptions,
	tuningRun,
	withTracker,
} from '../tracking.js'

interface TuneOptions extends SharedOptions, LoadingOptions, TrackingOptions {
	readonly model: string
	readonly data: string
	readonly dataRoot?: string
	readonly output: string
	readonly preset: string
	readonly defense?: string
	readonly shots?: number
	readonly epochs?: number
	readonly batchSize?: number
	readonly epsilon?: number
	readonly seed?: number
	readonly set: Readonly<Record<string, unknown>>
	readonly resume?: boolean
}

/** Adds the command. */
export function addTuneCommand(program: Command): void {
	const ofPreset = (what: string) => `${what} (default: the preset's)`
	const command = addSharedOptions(
		program
			.command('tune')
			.description('Tune a defense: adversarial few-shot tuning of a CLIP whose own weights stay as they are.')
			.addOption(modelOption())
			.addOption(dataOption())
			.addOption(dataRootOption())
			.requiredOption('--output <folder>', 'run directory to write')
			.addOption(
				new Option(
					'--preset <name>',
					'settings to start from: paper, author, reference, fair, transfer, demo … (naptune defenses --presets lists all)',
				).default('paper'),
			)
			.addOption(new Option('--defense <name>', ofPreset('method')).choices(tunableDefenses))
			.addOption(new Option('--shots <count>', ofPreset('training images per class')).argParser(wholeNumber(1)))
			.addOption(epsilonOption(ofPreset('L-infinity size of the inner attack, such as 1/255')))
			.addOption(new Option('--epochs <count>', ofPreset('passes over the images')).argParser(wholeNumber(1)))
			.addOption(new Option('--batch-size <count>', ofPreset('images per step')).argParser(wholeNumber(1)))
			.addOption(seedOption(ofPreset('seed of sample, initial values, order and augmentation')))
			.addOption(
				new Option('--set <key=value>', 'any other setting, such as optimizer.learningRate=0.002; may be repeated')
					.argParser(collectSetting)
					.default({}, 'none'),
			)
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.option('--resume', 'continue the run that the output folder holds'),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune tune --model openai/clip-vit-base-patch16 --data photos --shots 16 --output runs/photos
  $ naptune evaluate runs/photos`,
		)
		.action((options: TuneOptions) => withSession(options, (session) => runTune(options, session)))
	trackingOptions(command)
}

async function runTune(options: TuneOptions, session: Session): Promise<void> {
	const { progress, signal } = session
	const { config, origin } = configOf(await loadPreset(options.preset), options)
	const output = resolve(options.output)
	const resume = options.resume ?? false
	const tracked = tuningRun(options, output, resume)
	session.writesTo(output)
	const clip = await loadModel(options.model)
	const dataset = await loadData(session, options.data, config.seed, options.dataRoot)
	prepareTuning(clip, dataset.classNames, config)
	const sample = fewShot(dataset, config.shots, config.seed)
	const unreadable = await unreadableImages(session, sample.train, 'training', options.unreadable, true)
	const images = sample.train.length - unreadable.length
	const engine = await session.engine()
	const protocol = `Tuning ${config.defense.name} on ${grouped(images)} images of ${dataset.classNames.length} classes, ${config.epochs} epochs, epsilon ${epsilonText(config.attack.epsilon)}, seed ${config.seed}`
	progress.line(protocol)
	const follower = followTuning(progress, config.epochs)
	const input: TuneInput = { engine, clip, dataset, unreadable, config, origin, output, resume, signal }
	// Nothing is told of a run that cannot begin.
	if (isTracked(options)) await checkRun(input)
	const { defense, residentBytes, seconds, notices } = await withTracker(options, session, tracked, async (tracker) => {
		tracker.params({ data: dataset.name, classes: dataset.classNames.length, ...config })
		tracker.text('protocol', protocol)
		if (resume) await tellEarlierEpochs(tracker, session, output)
		const result = await tune({
			...input,
			onProgress: follower.onProgress,
			onEpoch(record) {
				follower.onEpoch(record)
				tellEpoch(tracker, record)
			},
			onBank: follower.onBank,
			onNotice: ({ message }) => progress.line(`note: ${message}`),
		}).finally(follower.end)
		if (result.finished) return result
		throw new Interruption(stoppedTuning(result.saved, output))
	})
	const last = follower.records.at(-1)
	const trained = trainableParameters(defense)
	session.result(
		{
			output,
			defense: defense.name,
			trainableParameters: trained,
			classes: dataset.classNames.length,
			images,
			epochs: config.epochs,
			epsilon: config.attack.epsilon,
			seconds,
			residentBytes,
			notices: [
				...sample.notices,
				...(unreadable.length > 0 ? [exclusionNotice(unreadable, sample.train.length, 'training')] : []),
			],
			warnings: notices,
			lastEpoch: last ?? null,
		},
		[
			`Tuned ${grouped(trained)} parameters of ${defense.name} in ${duration(seconds)}; the process held ${grouped(Math.round(residentBytes / 2 ** 20))} MB.`,
			...(last
				? [
						`On its training images: clean ${percent(last.cleanAccuracy).trim()}, under the inner attack ${last.adversarialAccuracy === null ? 'not measured' : percent(last.adversarialAccuracy).trim()}.`,
					]
				: []),
			`The run is in ${output}. Measure it: naptune evaluate ${options.output}`,
		].join('\n'),
	)
}

/** What a stopped run says: no more than what is true. */
function stoppedTuning(saved: SavedPart, output: string): string {
	const again = 'the same command with --resume'
	if (saved === 'state') return `Stopped. The state is saved in ${output}; ${again} goes on from there.`
	if (saved === 'bank') {
		return `Stopped before the first step was done. What was made of the feature bank is saved in ${output}; ${again} goes on from there.`
	}
	return `Stopped before the first step was done, so that there is nothing to save; ${again} begins anew.`
}

/** The preset's values, then options, then settings. */
function configOf(preset: Preset, options: TuneOptions): ReturnType<typeof presetConfig> {
	const { defense, shots, epochs, batchSize, epsilon, seed, set } = options
	return presetConfig(
		preset,
		defense,
		given({ shots, epochs, batchSize, seed, attack: epsilon === undefined ? undefined : { epsilon } }),
		set,
	)
}
