/** Tunes a defense on a CLIP and labelled images. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { epsilonText } from '../attacks/sets/size-text.js'
import { defined } from '../core/defined.js'
import { isRecord } from '../core/guards.js'
import { exclusionNotice } from '../data/loading/unreadable.js'
import { datasetNames } from '../data/registry.js'
import { trainableParameters } from '../defenses/defense.js'
import { prepareRun } from '../methods/tuning/prepare-tuning.js'
import { loadPreset, type Preset, presetConfig } from '../methods/tuning/presets.js'
import {
	checkRun,
	type SavedPart,
	type TuneInput,
	tune as tuneDefense,
	tuningNoticeIds,
} from '../methods/tuning/tune.js'
import { runFiles } from '../records/names.js'
import { positive, seconds } from '../records/parts/fields.js'
import { readRecord } from '../records/record-kind.js'
import { type EpochRecord, epochForm, runDescriptionForm } from '../records/run.js'
import { counted } from '../report/number-text.js'
import { type BreakingEpsilon, breakingEpsilon } from './common/breaking-epsilon.js'
import {
	countField,
	dataField,
	dataRootField,
	epsilonField,
	modelField,
	seedField,
	settingsField,
	unreadableField,
} from './common/fields.js'
import { followTuning } from './common/follow-tuning.js'
import { unreadableImages } from './common/images.js'
import { loadData, loadModel, noteNotices } from './common/inputs.js'
import { noticesField } from './common/result-fields.js'
import { stopped } from './common/stopped.js'
import { isTracked, trackEarlierEpochs, trackEpoch, trackingFields, tuningRun, withTracker } from './common/tracking.js'
import { defineJob, type JobContext } from './job.js'

/** The input of {@link tune}. */
export const tuneInput = z.strictObject({
	/** A CLIP checkpoint: a folder, or an id of the Hugging Face hub. */
	model: modelField,
	/** A folder of class folders, a manifest, a data set of the hub, or the name of a data set. */
	data: dataField,
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Run directory to write. */
	output: z.string(),
	/** Settings to start from; by default `paper` for a named data set, and `photos` for your own images. */
	preset: z.string().optional(),
	/** Method; by default the preset's. */
	defense: z.string().optional(),
	/** Training images per class; by default the preset's. */
	shots: countField.optional(),
	/** Passes over the images; by default the preset's. */
	epochs: countField.optional(),
	/** Images per step; by default the preset's. */
	batchSize: countField.optional(),
	/** L-infinity size of the inner attack, such as `1/255`; by default the preset's, which may be a measured value. */
	epsilon: epsilonField.optional(),
	/** Seed of sample, initial values, order and augmentation; by default the preset's. */
	seed: seedField.optional(),
	/** Other settings, such as `{ optimizer: { learningRate: 0.002 } }`. */
	set: settingsField,
	/** What to do with unreadable images: `stop`, or `exclude` them, which the job reports and records. */
	unreadable: unreadableField,
	/** Continue the run that the output folder holds. */
	resume: z.boolean().default(false),
	...trackingFields,
})

/** The result of {@link tune}. */
export const tuneResult = z.object({
	output: z.string().describe('The run directory.'),
	defense: z.string(),
	trainableParameters: positive,
	classes: positive,
	images: positive.describe('Training images.'),
	epochs: positive,
	epsilon: z.number().describe('Epsilon of the inner attack.'),
	seconds: seconds.describe('Wall-clock time, summed over all processes that worked on the run.'),
	residentBytes: z.number().describe('Peak memory of the process in bytes after it compiled all programs of the run.'),
	notices: noticesField,
	warnings: z
		.array(z.object({ id: z.enum(tuningNoticeIds), message: z.string() }))
		.describe('Evidence against the result, such as too few steps to learn, or a file that cannot be checked.'),
	lastEpoch: epochForm.schema.nullable().describe('The last epoch of this call; null if none ran.'),
})

/** The events of {@link tune}, beside progress and notes: every finished epoch. */
export interface TuneEvent {
	readonly kind: 'epoch'
	readonly record: EpochRecord
	/** Epochs of the whole run. */
	readonly epochs: number
}

type Input = z.output<typeof tuneInput>

/**
 * Tunes a defense into a run directory, by adversarial few-shot tuning of a CLIP whose own weights stay frozen.
 * @throws NaptuneError when data, model and settings do not fit, images cannot be read, a loss or gradient is not finite, or
 * the run collapses to chance. The last good state stays in the run directory.
 */
export const tune = defineJob({
	name: 'tune',
	doc: 'Tune a defense: adversarial few-shot tuning of a CLIP whose own weights stay frozen.',
	input: tuneInput,
	result: tuneResult,
	async run(input, context: JobContext<TuneEvent>) {
		const preset = await loadPreset(input.preset ?? (datasetNames.includes(input.data) ? 'paper' : 'photos'))
		const { seed } = configOf(preset, input).config
		const output = resolve(input.output)
		const { resume } = input
		const tracked = tuningRun(input, output, resume)
		context.onFolder(output)
		const clip = await loadModel(context, input.model)
		const dataset = await loadData(context, input.data, seed, input.dataRoot)
		const epsilon = await epsilonOf(preset, input, output, context, () =>
			breakingEpsilon(context, { clip, dataset, seed, unreadable: input.unreadable }),
		)
		const { config, origin } = configOf(preset, { ...input, epsilon })
		const prepared = prepareRun({ clip, dataset, config })
		const { train, notices } = prepared.sample
		noteNotices(context, notices.slice(dataset.notices.length))
		const unreadable = await unreadableImages(context, train, 'training', input.unreadable, true)
		const images = train.length - unreadable.length
		const engine = await context.engine()
		const protocol = `Tuning ${config.defense.name} on ${counted(images, 'image')} of ${counted(dataset.classNames.length, 'class', 'classes')}, ${counted(config.epochs, 'epoch')}, epsilon ${epsilonText(config.attack.epsilon)}, seed ${config.seed}`
		context.onNote({ kind: 'plan', text: protocol })
		const { signal } = context
		const run: TuneInput = { engine, clip, dataset, prepared, unreadable, config, origin, output, resume, signal }
		// Track only runs that can begin.
		if (isTracked(input)) await checkRun(run)
		let lastEpoch: EpochRecord | null = null
		const tuned = await withTracker(input, context, tracked, async (tracker) => {
			tracker.params({ data: dataset.name, classes: dataset.classNames.length, ...config })
			tracker.text('protocol', protocol)
			if (resume) await trackEarlierEpochs(tracker, context, output)
			const follow = followTuning(context, config.epochs)
			const result = await tuneDefense({
				...run,
				onProgress: follow.onProgress,
				onBank: follow.onBank,
				onNotice: ({ message }) => context.onNote({ kind: 'warning', text: message }),
				onEpoch(record) {
					lastEpoch = record
					context.onEvent({ kind: 'epoch', record, epochs: config.epochs })
					trackEpoch(tracker, record)
				},
			}).finally(follow.end)
			if (result.finished) return result
			throw stopped(stoppedMessage(result.saved, output))
		})
		const { defense, residentBytes } = tuned
		return {
			output,
			defense: defense.name,
			trainableParameters: trainableParameters(defense),
			classes: dataset.classNames.length,
			images,
			epochs: config.epochs,
			epsilon: config.attack.epsilon,
			seconds: tuned.seconds,
			residentBytes,
			notices: [...notices, ...(unreadable.length > 0 ? [exclusionNotice(unreadable, train.length, 'training')] : [])],
			warnings: [...tuned.notices],
			lastEpoch,
		}
	},
})

/** The message of a stopped run, which claims no more than what was saved. */
function stoppedMessage(saved: SavedPart, output: string): string {
	const again = 'run the same command with --resume'
	if (saved === 'state') return `Stopped. The state is saved in ${output}; ${again} to continue.`
	if (saved === 'bank') {
		return `Stopped before the first step finished. The feature bank so far is saved in ${output}; ${again} to continue.`
	}
	return `Stopped before the first step finished, so there is nothing to save; ${again} to start over.`
}

/** Merges the preset's values, then input fields, then settings. */
function configOf(preset: Preset, input: Input): ReturnType<typeof presetConfig> {
	const { defense, shots, epochs, batchSize, epsilon, seed, set } = input
	const attack = epsilon === undefined ? undefined : { epsilon }
	return presetConfig(preset, defense, defined({ shots, epochs, batchSize, seed, attack }), set)
}

/** The given epsilon; if the preset says so, one that is measured now, or was when the run began. */
async function epsilonOf(
	preset: Preset,
	input: Input,
	output: string,
	context: JobContext<TuneEvent>,
	measured: () => Promise<BreakingEpsilon>,
): Promise<number | undefined> {
	const { attack } = input.set
	const given = input.epsilon !== undefined || (isRecord(attack) && attack.epsilon !== undefined)
	if (given || preset.epsilon === undefined) return input.epsilon
	const description = join(output, runFiles.description)
	if (input.resume && existsSync(description))
		return (await readRecord(runDescriptionForm, description)).config.attack.epsilon
	const { epsilon, text } = await measured()
	context.onNote({ kind: 'note', text })
	return epsilon
}
