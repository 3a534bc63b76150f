/** Reports runs to TensorBoard and MLflow: input fields, and what tuning and evaluations send. */

import { existsSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { modelName } from '../../evaluation/robustness/record-name.js'
import { sha256OfFile } from '../../files/sha256.js'
import { runFiles } from '../../methods/tuning/run-directory.js'
import { readRunLog } from '../../methods/tuning/run-log.js'
import type { EpochRecord } from '../../methods/tuning/tune.js'
import { percent, percentInterval } from '../../report/number-text.js'
import { openMlflow } from '../../tracking/mlflow.js'
import { mlflowServer } from '../../tracking/mlflow-client.js'
import { openTensorboard } from '../../tracking/tensorboard.js'
import { combinedTracker, type TrackedRun, type TrackedStatus, type Tracker } from '../../tracking/tracker.js'
import type { JobContext } from '../job.js'
import type { MeasuredRow } from './measure-model.js'

/** Input fields of jobs that support tracking. */
export const trackingFields = {
	/** Folder for TensorBoard events, with a subfolder per run. */
	tensorboard: z.string().optional(),
	/** Address of an MLflow server that tracks the run; MLFLOW_… variables give credentials and the experiment's name. */
	mlflow: z.string().optional(),
} as const

/** Where to track a job. */
export interface TrackingInput {
	readonly tensorboard?: string | undefined
	readonly mlflow?: string | undefined
}

/** Whether the input asks for tracking. */
export function isTracked({ tensorboard, mlflow }: TrackingInput): boolean {
	return tensorboard !== undefined || mlflow !== undefined
}

/**
 * Does work with a tracker, and closes it with the outcome of the work. Without tracking in the input, the tracker does
 * nothing.
 * @throws NaptuneError when the folder for TensorBoard or the address of the server cannot be used. An unreachable server
 * causes only a warning.
 */
export async function withTracker<T>(
	{ tensorboard, mlflow }: TrackingInput,
	{ onNote }: Pick<JobContext, 'onNote'>,
	run: TrackedRun,
	work: (tracker: Tracker) => Promise<T>,
): Promise<T> {
	const warn = (text: string) => onNote({ kind: 'note', text })
	const experiment = process.env.MLFLOW_EXPERIMENT_NAME || 'naptune'
	const tracker = combinedTracker([
		...(tensorboard === undefined ? [] : [await openTensorboard(resolve(tensorboard), run, warn)]),
		...(mlflow === undefined ? [] : [openMlflow({ server: mlflowServer(mlflow, process.env), experiment, run, warn })]),
	])
	let status: TrackedStatus = 'finished'
	try {
		return await work(tracker)
	} catch (error) {
		status = error instanceof NaptuneError && error.code === 'NAP_STOPPED' ? 'stopped' : 'failed'
		throw error
	} finally {
		await tracker.close(status)
	}
}

/**
 * Describes a tuning run to the tracker.
 * @param output Folder of the run.
 * @throws NaptuneError when the events would go into it.
 */
export function tuningRun({ tensorboard }: TrackingInput, output: string, resume: boolean): TrackedRun {
	if (tensorboard !== undefined && isWithin(resolve(tensorboard), output)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The folder for TensorBoard (${tensorboard}) is inside the run's folder; choose another, such as ${join(dirname(output), 'tensorboard')}.`,
		)
	}
	return { name: `${basename(output)}-tuning`, identity: `tuning ${output}`, goesOn: resume }
}

function isWithin(path: string, folder: string): boolean {
	const way = relative(folder, path)
	return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/**
 * Describes the evaluations of a tuned run on one data set as one tracked run, to which each evaluation adds its numbers.
 * @param records Folder of their records. @param data Name of the data set if it is not the run's own.
 */
export async function evaluationRun(directory: string, records: string, data?: string): Promise<TrackedRun> {
	// After a new tuning in the same folder, this is another run.
	const result = join(directory, runFiles.result)
	const tuned = existsSync(result) ? await sha256OfFile(result) : ''
	return {
		name: `${basename(directory)}-evaluation${data === undefined ? '' : `-${data}`}`,
		identity: `evaluation ${records} ${tuned}`,
		goesOn: true,
	}
}

/** Sends an epoch; steps count epochs from 1. */
export function trackEpoch(tracker: Tracker, record: EpochRecord): void {
	const { epoch, learningRate, alpha, cleanLoss, cleanAccuracy, adversarialLoss, adversarialAccuracy } = record
	tracker.metrics(epoch + 1, {
		'loss/clean': cleanLoss,
		...defined({ 'loss/attacked': adversarialLoss !== null ? adversarialLoss : undefined }),
		'accuracy/clean': cleanAccuracy,
		...defined({ 'accuracy/attacked': adversarialAccuracy !== null ? adversarialAccuracy : undefined }),
		'schedule/learning rate': learningRate,
		'schedule/alpha': alpha,
	})
}

/** Sends the earlier epochs of a resumed run, except those already sent. */
export async function trackEarlierEpochs(
	tracker: Tracker,
	{ onNote }: Pick<JobContext, 'onNote'>,
	output: string,
): Promise<void> {
	try {
		for (const record of (await readRunLog(output)).records) trackEpoch(tracker, record as EpochRecord)
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		onNote({ kind: 'note', text: `Earlier epochs are not tracked: ${error.message}` })
	}
}

/** Sends a row of an evaluation: accuracies in [0, 1] and, for an attack with stages, the accuracy after each. */
export function trackEvaluation(tracker: Tracker, { row, records }: MeasuredRow): void {
	const { clean, robust, stages, seconds, attack, knowledge } = row
	// The record's name states everything in which evaluations may differ.
	const name = `${basename(at(records, 0), '.json')}${records.length > 1 ? `-${knowledge}` : ''}`
	tracker.metrics(0, {
		[`${name}/clean accuracy`]: clean.accuracy,
		[`${name}/robust accuracy`]: robust.accuracy,
		[`${name}/seconds`]: seconds,
	})
	const steps = [clean, ...(stages ?? []).map((stage) => stage.robust)]
	if (stages) {
		for (const [step, { accuracy }] of steps.entries()) {
			tracker.metrics(step, { [`${name}/accuracy by stage`]: accuracy })
		}
	}
	const line = ({ accuracy, interval }: typeof clean) => `${percent(accuracy).trim()} ${percentInterval(interval)}`
	tracker.text(
		`${name}/result`,
		`${modelName(row)}: clean ${line(clean)}, under ${attack.name} ${line(robust)} (95 % intervals)`,
	)
}
