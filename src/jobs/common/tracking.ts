/** Telling TensorBoard and MLflow of a run: fields of inputs, and what is told of tuning and evaluations. */

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

/** Fields of jobs that can be followed. */
export const trackingFields = {
	/** Folder to write events for TensorBoard to, in a folder for each run. */
	tensorboard: z.string().optional(),
	/** Address of an MLflow server to tell of the run; credentials and the experiment's name come from MLFLOW_… variables. */
	mlflow: z.string().optional(),
} as const

/** Where a job is followed. */
export interface TrackingInput {
	readonly tensorboard?: string | undefined
	readonly mlflow?: string | undefined
}

/** Whether a run is tracked at all. */
export function isTracked({ tensorboard, mlflow }: TrackingInput): boolean {
	return tensorboard !== undefined || mlflow !== undefined
}

/**
 * Works with a tracker that does nothing where nothing is asked for, and closes it with how the work ended.
 * @throws NaptuneError when the folder for TensorBoard or the address of the server cannot be used. A server that is away is
 * only warned of.
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

/** A tuning run. @param output Its folder. @throws NaptuneError when the events would lie in it. */
export function tuningRun({ tensorboard }: TrackingInput, output: string, resume: boolean): TrackedRun {
	if (tensorboard !== undefined && isWithin(resolve(tensorboard), output)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The folder for TensorBoard (${tensorboard}) lies in that of the run; give another one, such as ${join(dirname(output), 'tensorboard')}.`,
		)
	}
	return { name: `${basename(output)}-tuning`, identity: `tuning ${output}`, goesOn: resume }
}

function isWithin(path: string, folder: string): boolean {
	const way = relative(folder, path)
	return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/**
 * The evaluations of a tuned run on one data set, told of together: every evaluation adds its numbers.
 * @param records Folder of their records. @param data Name of the data set where it is not the run's own.
 */
export async function evaluationRun(directory: string, records: string, data?: string): Promise<TrackedRun> {
	// Tuned anew in the same folder, it is another run.
	const result = join(directory, runFiles.result)
	const tuned = existsSync(result) ? await sha256OfFile(result) : ''
	return {
		name: `${basename(directory)}-evaluation${data === undefined ? '' : `-${data}`}`,
		identity: `evaluation ${records} ${tuned}`,
		goesOn: true,
	}
}

/** Tells of an epoch; steps count epochs from 1. */
export function tellEpoch(tracker: Tracker, record: EpochRecord): void {
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

/** Tells of the epochs that a run which goes on has behind it; those that were told before are left out. */
export async function tellEarlierEpochs(
	tracker: Tracker,
	{ onNote }: Pick<JobContext, 'onNote'>,
	output: string,
): Promise<void> {
	try {
		for (const record of (await readRunLog(output)).records) tellEpoch(tracker, record as EpochRecord)
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		onNote({ kind: 'note', text: `Earlier epochs are not tracked: ${error.message}` })
	}
}

/** Tells of a row of an evaluation: accuracies in [0, 1] and, of an attack with stages, accuracy after each. */
export function tellEvaluation(tracker: Tracker, { row, records }: MeasuredRow): void {
	const { clean, robust, stages, seconds, attack, knowledge } = row
	// The record's name tells everything in which evaluations may differ.
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
