/**
 * The one training loop of tuning, surrogates and pre-training: optimizer steps, a log with a line per epoch, states on
 * disk. Killed at any point and resumed, it produces the same bytes; on a signal it saves its state and reports what it
 * saved.
 */

import { existsSync } from 'node:fs'
import { NaptuneError } from '../core/errors.js'
import { removeChecked, removeChecksum, writeChecksum } from '../files/checksum.js'
import { type JsonLinesLog, openJsonLines } from '../files/json-lines.js'
import { sha256OfBytes } from '../files/sha256.js'
import type { Engine } from '../runtime/engine.js'
import { requireFinite, valuesOf } from './finite.js'
import { type OptimizerName, type OptimizerUpdate, updateParameters } from './optimizers.js'
import { type SpentTime, startClock } from './spent-time.js'
import { keepAsLastGood, loadState, type StateFormat, saveState, type TrainingState } from './state.js'
import type { TensorSet } from './tensor-set.js'

/** Files of a training. */
export interface TrainingFiles {
	/** The newest state. */
	readonly state: string
	/** The latest state from which one further full step was good. */
	readonly lastGood: string
	/** JSON lines. */
	readonly log: string
	/** Time spent so far; removed once the training finishes. */
	readonly usage: string
}

/** A step of a training. */
export interface StepPosition {
	/** Step over all epochs, from 0. */
	readonly step: number
	/** Steps of the whole training. */
	readonly steps: number
	/** Epoch, from 0. */
	readonly epoch: number
	/** Step within the epoch, from 0. */
	readonly stepOfEpoch: number
}

/** The results of one step at the state's parameters. */
export interface StepResult {
	/** Gradients of the loss; parameters without one stay unchanged. */
	readonly gradients: TensorSet
	/** Numbers that the log sums, by name. */
	readonly numbers: Readonly<Record<string, number>>
	/** Runs after the update of the parameters, for example to update running averages. */
	readonly afterUpdate?: () => void
}

/** Computes steps once it is ready. */
export interface Stepper {
	/** @returns Undefined if stopped half way; half a step is useless. */
	step(position: StepPosition): Promise<StepResult | undefined>
	close(): Promise<void>
}

/** A training of any kind. @typeParam Own See {@link TrainingState}. @typeParam Line A line of the log. */
export interface TrainingTask<Own extends object, Line extends object> {
	/** Name for messages, such as `Tuning`. */
	readonly name: string
	readonly engine: Pick<Engine, 'memory'>
	readonly files: TrainingFiles
	readonly steps: number
	readonly stepsPerEpoch: number
	/** Steps per line of the log; by default those of an epoch. The last line may cover fewer. */
	readonly stepsPerLine?: number
	/** Format of states; see {@link StateFormat}. */
	readonly format: Omit<StateFormat<Own>, 'path' | 'lastGoodPath' | 'optimizer'>
	readonly optimizer: OptimizerName
	/** State before the first step. */
	start(): Promise<TrainingState<Own>>
	/** Compiles programs and prepares everything else for steps. @returns Undefined if stopped meanwhile. */
	open(state: TrainingState<Own>): Promise<Stepper | undefined>
	/** Learning rate and other hyper-parameters of a step. */
	update(position: StepPosition): OptimizerUpdate
	/** Creates a log line from the sums since the previous one. @param position Position of the last step. */
	line(state: TrainingState<Own>, position: StepPosition): Line | Promise<Line>
	/**
	 * Called with each written line; may change the state's own data.
	 * @throws NaptuneError when the training should not continue.
	 */
	afterLine?(state: TrainingState<Own>, line: Line): void
	/** Whether to keep a state as the last good one; by default, if its next step is finite. */
	isGood?(state: TrainingState<Own>): boolean
	/** Advice for non-finite values. */
	readonly advice: string
}

/** Ways to follow and to stop a training. */
export interface TrainingFollower<Line> {
	/** Called after every step. @param done Finished steps of `total`. */
	readonly onStep?: ((done: number, total: number, numbers: StepResult['numbers']) => void) | undefined
	readonly onLine?: ((line: Line) => void) | undefined
	/** Called with the state on disk: first the resumed one, then every new one. @param steps Steps in the state. */
	readonly onSaved?: ((steps: number) => void) | undefined
	/** Called with notices for the user, for example that a file cannot be checked. */
	readonly onNotice?: ((notice: string) => void) | undefined
	/** Stops after the current step, or within it if possible, and saves. */
	readonly signal?: AbortSignal | undefined
}

/** Outcome of a training. */
export interface Trained<Own extends object> {
	readonly state: TrainingState<Own>
	/** Whether all steps are finished. */
	readonly finished: boolean
	/** Steps in the saved state; 0 if nothing is saved. */
	readonly savedSteps: number
}

/**
 * Every log line saves a state, and long gaps between lines save about this often; resuming gives the same bytes either way.
 */
const secondsBetweenSaves = 120

/**
 * Trains from the saved state, or from the start.
 * @throws NaptuneError when a value is not finite, or a file is damaged, belongs to another training, or cannot be written.
 * The error says when it happened and which state is kept.
 */
export async function train<Own extends object, Line extends object>(
	task: TrainingTask<Own, Line>,
	follower: TrainingFollower<Line> = {},
): Promise<Trained<Own>> {
	const { files, steps } = task
	const format: StateFormat<Own> = {
		...task.format,
		optimizer: task.optimizer,
		path: files.state,
		lastGoodPath: files.lastGood,
	}
	const saved = await loadState(format)
	if (saved?.notice !== undefined) follower.onNotice?.(saved.notice)
	const state = saved?.state ?? (await task.start())
	const clock = await startClock(files.usage, sha256OfBytes(JSON.stringify(format.identity ?? {})), state.usage)
	const done = state.optimizer.step
	if (saved) follower.onSaved?.(done)
	const run = { task, follower, format, state, clock, savedSteps: saved ? done : 0, step: done }
	let finished = false
	try {
		await removeChecksum(files.log)
		const log = await openJsonLines(files.log, state.log)
		try {
			if (state.optimizer.step < steps) await takeSteps(run, log)
		} finally {
			await log.close()
		}
		finished = state.optimizer.step >= steps
		if (finished) {
			// All lines are written, so no earlier state is needed any more.
			await writeChecksum(files.log)
			await removeChecked(files.lastGood)
		}
	} finally {
		await clock.stop(!finished)
	}
	return { state, finished, savedSteps: run.savedSteps }
}

/** A training under way. */
interface Run<Own extends object, Line extends object> {
	readonly task: TrainingTask<Own, Line>
	readonly follower: TrainingFollower<Line>
	readonly format: StateFormat<Own>
	readonly state: TrainingState<Own>
	readonly clock: SpentTime
	savedSteps: number
	/** The current step. */
	step: number
}

async function takeSteps<Own extends object, Line extends object>(
	run: Run<Own, Line>,
	log: JsonLinesLog,
): Promise<void> {
	const { task, state, clock, format, follower } = run
	let lastSave = performance.now()
	const save = async () => {
		lastSave = performance.now()
		state.usage = clock.usage()
		await saveState(format, state)
		run.savedSteps = state.optimizer.step
		follower.onSaved?.(run.savedSteps)
	}
	let stepper: Stepper | undefined
	try {
		stepper = await task.open(state)
		while (stepper && state.optimizer.step < task.steps && !follower.signal?.aborted) {
			const lineIsDue = await takeStep(run, stepper, log)
			if (lineIsDue === undefined) break
			if (lineIsDue || performance.now() - lastSave > secondsBetweenSaves * 1000) await save()
		}
		if (state.optimizer.step > run.savedSteps) await save()
	} catch (error) {
		throw explained(error, task, run.step)
	} finally {
		await stepper?.close()
	}
}

/** Takes one step. @returns Whether it completed a line of the log, or undefined if stopped half way. */
async function takeStep<Own extends object, Line extends object>(
	run: Run<Own, Line>,
	stepper: Stepper,
	log: JsonLinesLog,
): Promise<boolean | undefined> {
	const { task, state, clock, format, follower, savedSteps } = run
	const { parameters, optimizer } = state
	const { steps, stepsPerEpoch, stepsPerLine = stepsPerEpoch, advice } = task
	const { step } = optimizer
	run.step = step
	const position = { step, steps, epoch: Math.floor(step / stepsPerEpoch), stepOfEpoch: step % stepsPerEpoch }
	const result = await stepper.step(position)
	if (!result) return undefined
	for (const [name, number] of Object.entries(result.numbers)) requireFiniteNumber(name, number, advice)
	requireFinite('gradient', valuesOf(result.gradients), advice)
	updateParameters(parameters, result.gradients, optimizer, task.update(position))
	requireFinite('new value', valuesOf(parameters), advice)
	result.afterUpdate?.()
	// A full step from the saved state was finite, so that state is good.
	if (step === savedSteps && step > 0 && (task.isGood?.(state) ?? true)) await keepAsLastGood(format)
	clock.sawMemory((await task.engine.memory()).residentBytes)
	state.sums = sumsWith(state.sums, result.numbers)
	follower.onStep?.(optimizer.step, steps, result.numbers)
	const lineIsDue = optimizer.step % stepsPerLine === 0 || optimizer.step === steps
	if (lineIsDue) {
		const line = await task.line(state, position)
		state.log = { length: await log.append(line), sha256: log.sha256() }
		state.sums = {}
		follower.onLine?.(line)
		task.afterLine?.(state, line)
	}
	return lineIsDue
}

function sumsWith(sums: Readonly<Record<string, number>>, numbers: StepResult['numbers']): Record<string, number> {
	return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, (sums[name] ?? 0) + value]))
}

function requireFiniteNumber(name: string, value: number, advice: string): void {
	if (!Number.isFinite(value))
		throw new NaptuneError('NAP_TRAINING_FAILED', `The ${name} is not finite (${value}). ${advice}`)
}

/** Adds to an error when it happened and which state is left. */
function explained<Own extends object, Line extends object>(
	error: unknown,
	{ name, files, steps, stepsPerEpoch }: TrainingTask<Own, Line>,
	step: number,
): unknown {
	if (!(error instanceof NaptuneError)) return error
	const where = `epoch ${Math.floor(step / stepsPerEpoch) + 1} of ${Math.ceil(steps / stepsPerEpoch)}, step ${(step % stepsPerEpoch) + 1} of ${stepsPerEpoch}`
	const kept = [files.lastGood, files.state].find((path) => existsSync(path))
	const rest = kept === undefined ? 'No state was saved yet.' : `The last good state is kept in ${kept}.`
	return new NaptuneError(error.code, `${name} stopped in ${where}: ${error.message} ${rest}`, { cause: error })
}
