/** Tunes a defense. A run writes its directory as it goes; killed at any point and resumed, it produces the same bytes. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { type Dataset, idsOf } from '../../data/dataset.js'
import { exclusionNotice, type UnreadableImage, withoutImages } from '../../data/loading/unreadable.js'
import { type Defense, initialParameters } from '../../defenses/defense.js'
import { removeLeftovers } from '../../files/atomic-write.js'
import type { EpochRecord } from '../../records/run.js'
import type { Engine } from '../../runtime/engine.js'
import { train } from '../../training/loop.js'
import type { TensorSet } from '../../training/tensor-set.js'
import type { ClipModel } from '../../vlm/model.js'
import { requireFineTunable } from '../fine-tuning/fine-tunable.js'
import { fineTunes, saveFineTuned } from '../fine-tuning/fine-tuned-checkpoint.js'
import type { TuningConfig } from './configuration.js'
import { learningNotices, stepNotices, type TuningNotice } from './notices.js'
import { type PreparedRun, prepareRun } from './prepare-tuning.js'
import type { ConfigurationOrigin } from './presets.js'
import { describeRun } from './run-description.js'
import { checkRunDirectory, openRunDirectory, runFiles } from './run-directory.js'
import { readRunLog } from './run-log.js'
import { finishedResult, finishRun, loadFinishedRun, type RunResult } from './run-result.js'
import { stepPlan, type TuningProgress, tuningTask } from './tuning-task.js'

export type { EpochRecord } from '../../records/run.js'
export { type TuningNotice, tuningNoticeIds } from './notices.js'
export type { TuningProgress } from './tuning-task.js'

/** The input of {@link tune}. */
export interface TuneInput {
	readonly engine: Engine
	readonly clip: ClipModel
	readonly dataset: Dataset
	/** Result of {@link prepareRun} for model, data and configuration; prepared here by default. */
	readonly prepared?: PreparedRun
	/** Unreadable training images, excluded after the sample was drawn and listed in the run's notices. */
	readonly unreadable?: readonly UnreadableImage[]
	readonly config: TuningConfig
	/** Origin of the configuration, for the record. */
	readonly origin?: ConfigurationOrigin | undefined
	/** The run directory. */
	readonly output: string
	/** Continue the run that `output` holds, if it holds one. */
	readonly resume?: boolean
	readonly onProgress?: (progress: TuningProgress) => void
	readonly onEpoch?: (record: EpochRecord) => void
	/** Called with the number of images while the run computes a feature bank before the first step. */
	readonly onBank?: (done: number, total: number) => void
	/** Called with each notice as soon as it is known; the result holds all notices as well. */
	readonly onNotice?: (notice: TuningNotice) => void
	/** Stops before the next micro-batch and saves; a resumed run repeats the interrupted step. */
	readonly signal?: AbortSignal
}

/** The part of a run that is on disk, for resuming. */
export type SavedPart =
	/** Only its description; the next process starts over. */
	| 'nothing'
	/** A bank of features, or a part of it. */
	| 'bank'
	/** A state after at least one step. */
	| 'state'

/** A finished or stopped run. */
export interface TuneResult {
	readonly defense: Defense
	readonly parameters: TensorSet
	/** Whether all epochs ran; false after a stop, from which `resume` continues. */
	readonly finished: boolean
	/** What a stopped run has saved. */
	readonly saved: SavedPart
	/** Wall-clock time, summed over all processes that worked on the run. */
	readonly seconds: number
	/** Peak memory of the process in bytes after it compiled all programs of the run. */
	readonly residentBytes: number
	readonly notices: readonly TuningNotice[]
}

/**
 * Tunes a defense.
 * @throws NaptuneError when data, model and configuration do not fit, a file of the run is damaged, a loss or gradient is
 * not finite, or the run collapses to chance. The last good state stays in the run directory.
 */
export async function tune(input: TuneInput): Promise<TuneResult> {
	const { output, resume = false, onEpoch, signal } = input
	const { defense, dataset, description, done, notices: known } = await describedWithResult(input)
	const notices: TuningNotice[] = []
	const report = (...found: readonly TuningNotice[]) => {
		notices.push(...found)
		for (const notice of found) input.onNotice?.(notice)
	}
	report(...known)
	if (done) {
		await removeLeftovers(output)
		report(...(await noticesOfLog(output, done.result.epochsAtChance)))
		const { seconds, residentBytes } = done.result
		return {
			defense,
			parameters: done.parameters,
			finished: true,
			saved: 'state',
			seconds,
			residentBytes,
			notices,
		}
	}
	await openRunDirectory(output, description, resume)
	const uncheckedFile = (message: string) => report({ id: 'unchecked-file', message })
	const task = tuningTask({ ...input, defense, dataset, onNotice: uncheckedFile })
	const { state, finished, savedSteps } = await train(task, { onLine: onEpoch, onNotice: uncheckedFile, signal })
	let result: Pick<RunResult, 'seconds' | 'residentBytes'> = state.usage
	if (finished) {
		const start = await initialParameters(defense, input.config.seed)
		const saved = fineTunes(defense) ? await saveFineTuned(input.clip, state.parameters, output) : undefined
		result = await finishRun(output, defense.name, state, start, saved)
		report(...(await noticesOfLog(output, state.own.history.epochsAtChance)))
	}
	const { seconds, residentBytes } = result
	const saved = savedSteps > 0 ? 'state' : existsSync(join(output, runFiles.bank)) ? 'bank' : 'nothing'
	return { defense, parameters: state.parameters, finished, saved, seconds, residentBytes, notices }
}

/**
 * Checks whether {@link tune} could start or resume the run directory; writes nothing.
 * @returns Notices to show before it starts.
 * @throws NaptuneError as {@link tune} would before its first step.
 */
export async function checkRun(input: TuneInput): Promise<readonly TuningNotice[]> {
	const { description, done, notices } = await describedWithResult(input)
	if (!done) await checkRunDirectory(input.output, description, input.resume ?? false)
	return notices
}

/**
 * The run that {@link tune} would make, if `output` already holds it finished. Its parameters may be missing, since
 * evaluation records beside it are readable without them. Writes nothing.
 * @throws NaptuneError as {@link tune} does when data, model and configuration do not fit.
 */
export async function finishedRun(
	input: TuneInput,
): Promise<{ readonly defense: Defense; readonly result: RunResult } | undefined> {
	const { defense, description } = describedRun(input)
	const result = await finishedResult(input.output, description)
	return result && { defense, result }
}

/** The description of a run, its result if it is finished, and notices about its steps. */
async function describedWithResult(input: TuneInput) {
	const described = describedRun(input)
	const done = input.resume ? await loadFinishedRun(input.output, described.description) : undefined
	if (!done && fineTunes(described.defense)) requireFineTunable(input.clip, described.defense, input.config)
	const notices = stepNotices(input.config, stepPlan(described.dataset.train, input.config))
	return { ...described, done, notices }
}

/** Defense, data and description of a run. */
function describedRun(input: TuneInput) {
	const { defense, sample } = input.prepared ?? prepareRun(input)
	const dataset = withoutUnreadable(sample, input.unreadable ?? [])
	if (dataset.train.length === 0) {
		throw new NaptuneError(
			'NAP_DATA_EMPTY',
			`${dataset.name} has no readable training images. Give a data set with images to tune on.`,
		)
	}
	return { defense, dataset, description: describeRun({ ...input, defense, dataset }) }
}

function withoutUnreadable(sample: Dataset, unreadable: readonly UnreadableImage[]): Dataset {
	const drawn = new Set(idsOf(sample.train))
	const gone = unreadable.filter(({ id }) => drawn.has(id))
	if (gone.length === 0) return sample
	const notice = exclusionNotice(gone, sample.train.length, 'training')
	return { ...sample, train: withoutImages(sample.train, gone), notices: [...sample.notices, notice] }
}

/** Notices from the log of a finished run. */
async function noticesOfLog(output: string, epochsAtChance: number): Promise<readonly TuningNotice[]> {
	const { path, records, checked } = await readRunLog(output)
	const unchecked: TuningNotice = {
		id: 'unchecked-file',
		message: `${path} has no checksum beside it, like logs of earlier versions, so changes would go unnoticed.`,
	}
	return [...(checked ? [] : [unchecked]), ...learningNotices(records as EpochRecord[], epochsAtChance)]
}
