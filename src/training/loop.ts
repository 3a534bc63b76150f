/**
 * The one loop of tuning, surrogates and pre-training: steps of an optimizer, a log with a line per epoch, states on disk.
 * Killed at any point and resumed, it ends in the same bytes; when asked to stop, it saves and says what is saved.
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
	/** The latest state from which a whole further step was good. */
	readonly lastGood: string
	/** JSON lines. */
	readonly log: string
	/** Time spent so far; gone once the training is finished. */
	readonly usage: string
}

/** A step of a training. */
export interface StepPosition {
	/** 0-based, over all epochs. */
	readonly step: number
	/** Of the whole training. */
	readonly steps: number
	/** 0-based. */
	readonly epoch: number
	/** 0-based, within the epoch. */
	readonly stepOfEpoch: number
}

/** What one step found out at the state's parameters. */
export interface StepResult {
	/** Of the loss to the parameters; those without a gradient are left alone. */
	readonly gradients: TensorSet
	/** What the log sums up, by name. */
	readonly numbers: Readonly<Record<string, number>>
	/** Does what follows the update of the parameters, such as running averages. */
	readonly afterUpdate?: () => void
}

/** What makes steps, once it is ready. */
export interface Stepper {
	/** @returns Undefined when it was stopped half way; half a step is worth nothing. */
	step(position: StepPosition): Promise<StepResult | undefined>
	close(): Promise<void>
}

/** A training, whatever is trained. @typeParam Own See {@link TrainingState}. @typeParam Line A line of the log. */
export interface TrainingTask<Own extends object, Line extends object> {
	/** For messages, such as `Tuning`. */
	readonly name: string
	readonly engine: Pick<Engine, 'memory'>
	readonly files: TrainingFiles
	readonly steps: number
	readonly stepsPerEpoch: number
	/** Steps from one line of the log to the next; an epoch's by default. The last line may be of fewer. */
	readonly stepsPerLine?: number
	/** How states look; see there. */
	readonly format: Omit<StateFormat<Own>, 'path' | 'lastGoodPath' | 'optimizer'>
	readonly optimizer: OptimizerName
	/** State before the first step. */
	start(): Promise<TrainingState<Own>>
	/** Compiles programs and whatever else steps need. @returns Undefined when it was stopped meanwhile. */
	open(state: TrainingState<Own>): Promise<Stepper | undefined>
	/** Learning rate and other hyper-parameters of a step. */
	update(position: StepPosition): OptimizerUpdate
	/** A line of the log, of the sums since the one before. @param position Of the last step. */
	line(state: TrainingState<Own>, position: StepPosition): Line | Promise<Line>
	/** Looks at a line once it is written, and may change what is kept beside. @throws NaptuneError when to go on makes no sense. */
	afterLine?(state: TrainingState<Own>, line: Line): void
	/** Whether a state is worth keeping as the last good one; by default all are whose next step is finite. */
	isGood?(state: TrainingState<Own>): boolean
	/** What to change where values are not finite. */
	readonly advice: string
}

/** Ways to follow and to stop a training. */
export interface TrainingFollower<Line> {
	/** Called after every step. @param done Steps done of `total`. */
	readonly onStep?: ((done: number, total: number, numbers: StepResult['numbers']) => void) | undefined
	readonly onLine?: ((line: Line) => void) | undefined
	/** Called with which state is on the disk: the one that is gone on with, then every new one. @param steps That it holds. */
	readonly onSaved?: ((steps: number) => void) | undefined
	/** Called with what a person should know, such as that a file cannot be checked. */
	readonly onNotice?: ((notice: string) => void) | undefined
	/** Stops after the step under way, or within it where it can, and saves. */
	readonly signal?: AbortSignal | undefined
}

/** How far a training came. */
export interface Trained<Own extends object> {
	readonly state: TrainingState<Own>
	/** Whether all steps are done. */
	readonly finished: boolean
	/** Steps that are in the saved state; 0 where nothing is saved. */
	readonly savedSteps: number
}

/** A state is saved with every line of the log, and between distant ones about this often; resuming gives the same bytes either way. */
const secondsBetweenSaves = 120

/**
 * Trains from the saved state, or from the start.
 * @throws NaptuneError when a value is not finite, a file is damaged or of another training, or cannot be written. It says
 * when that happened and which state is kept.
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
			// Its lines are all there now, and there is nothing left to go back to.
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
	/** The step under way. */
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

/** One step. @returns Whether it ended a line of the log, or undefined when it was stopped half way. */
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
	// A whole step from it was finite: the saved state is a good one.
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

/** Says when it happened, and what is left of the training. */
function explained<Own extends object, Line extends object>(
	error: unknown,
	{ name, files, steps, stepsPerEpoch }: TrainingTask<Own, Line>,
	step: number,
): unknown {
	if (!(error instanceof NaptuneError)) return error
	const where = `epoch ${Math.floor(step / stepsPerEpoch) + 1} of ${Math.ceil(steps / stepsPerEpoch)}, step ${(step % stepsPerEpoch) + 1} of ${stepsPerEpoch}`
	const kept = [files.lastGood, files.state].find((path) => existsSync(path))
	const rest = kept === undefined ? 'No state had been saved yet.' : `The last good state is kept in ${kept}.`
	return new NaptuneError(error.code, `${name} stopped in ${where}: ${error.message} ${rest}`, { cause: error })
}
