/** Steps of stochastic gradient descent with a checkpoint per epoch; killed at any point and resumed, it ends in the same bytes. */

import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import { openJsonLines } from '../../files/json-lines.js'
import { type SurrogateEpoch, type SurrogateSettings, surrogateEpochForm } from '../../records/surrogate.js'
import { sgdStep } from '../../training/sgd.js'
import type { SurrogateFiles } from './files.js'
import { type BatchStatistics, updateRunningAverages } from './network/batch-norm.js'
import type { OptimizerSettings } from './recipe.js'
import { loadTrainingState, saveTrainingState, type TrainingState } from './training-state.js'

/** One line of the log. */
export type EpochMeans = SurrogateEpoch

/** What one step found out. */
export interface StepResult {
	readonly gradients: Readonly<Record<string, Tensor<'float32'>>>
	/** Statistics of batch normalisation by layer, for each pass of the network in order. */
	readonly statistics: readonly ReadonlyMap<string, BatchStatistics>[]
	/** Numbers whose means over an epoch are logged; `loss` must be among them. */
	readonly numbers: Readonly<Record<string, number>> & { readonly loss: number }
}

/** A training, whatever is trained. */
export interface TrainingTask<Batch> {
	readonly files: SurrogateFiles
	/** Everything that decides the result (JSON). */
	readonly description: SurrogateSettings
	readonly start: TrainingState
	readonly epochs: number
	readonly stepsPerEpoch: number
	readonly optimizer: OptimizerSettings
	/** The rate at a point of training. @param epoch Epochs done, with fraction. */
	learningRate(epoch: number): number
	/** Makes a batch; a pure function of epoch and step, so that a resumed run sees the same. */
	batch(epoch: number, step: number): Promise<Batch>
	/** Gradients at the state's parameters. */
	gradients(batch: Batch, state: TrainingState, epoch: number, step: number): Promise<StepResult>
}

/** Ways to follow and to stop a training. */
export interface TrainingFollower {
	/** Called after every step. @param done Steps done of `total`. */
	readonly onStep?: ((done: number, total: number, loss: number) => void) | undefined
	readonly onEpoch?: ((means: EpochMeans) => void) | undefined
	/** Stops after the step under way and saves. */
	readonly signal?: AbortSignal | undefined
}

/**
 * Trains from the saved state, or from the start.
 * @returns The state at the end, and whether that is the end of all epochs.
 * @throws NaptuneError when a loss or gradient is not finite (the last saved state stays), or the saved state is another's.
 */
export async function runTraining<Batch>(
	task: TrainingTask<Batch>,
	{ onStep, onEpoch, signal }: TrainingFollower,
): Promise<{ readonly state: TrainingState; readonly finished: boolean }> {
	const { files, description, stepsPerEpoch, epochs } = task
	const total = epochs * stepsPerEpoch
	const state = (await loadTrainingState(files.state, task.start, description)) ?? task.start
	if (state.step === total) return { state, finished: true }
	const log = await openJsonLines(files.log, { length: state.logLength })
	const before = state.seconds
	const started = performance.now()
	const save = () => {
		state.seconds = before + (performance.now() - started) / 1000
		return saveTrainingState(files.state, state, description)
	}
	const batchOf = (step: number) => task.batch(Math.floor(step / stepsPerEpoch), step % stepsPerEpoch)
	try {
		let next = batchOf(state.step)
		next.catch(() => {})
		while (state.step < total && !signal?.aborted) {
			const epoch = Math.floor(state.step / stepsPerEpoch)
			const batch = await next
			const running = task.gradients(batch, state, epoch, state.step % stepsPerEpoch)
			// The engine computes this step while the next batch is made here.
			if (state.step + 1 < total) next = batchOf(state.step + 1)
			next.catch(() => {})
			const result = await running
			const learningRate = task.learningRate(state.step / stepsPerEpoch)
			applyStep(task, state, result, learningRate)
			onStep?.(state.step, total, result.numbers.loss)
			if (state.step % stepsPerEpoch === 0) {
				const means = Object.entries(state.sums).map(([name, sum]) => [name, sum / stepsPerEpoch] as const)
				const record = surrogateEpochForm.schema.parse({ epoch, learningRate, ...Object.fromEntries(means) })
				state.logLength = await log.append(record)
				state.sums = {}
				await save()
				onEpoch?.(record)
			}
		}
		if (state.step % stepsPerEpoch !== 0) await save()
		return { state, finished: state.step === total }
	} finally {
		await log.close()
	}
}

function applyStep(
	{ files, optimizer }: Pick<TrainingTask<unknown>, 'files' | 'optimizer'>,
	state: TrainingState,
	{ gradients, statistics, numbers }: StepResult,
	learningRate: number,
): void {
	const bad = Object.entries(gradients).find(([, { data }]) => data.some((value) => !Number.isFinite(value)))
	if (!Number.isFinite(numbers.loss) || bad) {
		const what = bad ? `The gradient of ${bad[0]}` : 'The loss'
		throw new NaptuneError(
			`${what} is not finite at step ${state.step}. Lower --learning-rate, or raise --batch-size. The last saved state, if any, is ${files.state}.`,
		)
	}
	sgdStep(state.parameters, gradients, state.velocities, { ...optimizer, learningRate })
	for (const pass of statistics) {
		for (const [name, values] of pass) updateRunningAverages(state.averages, name, values)
	}
	state.sums = Object.fromEntries(
		Object.entries(numbers).map(([name, value]) => [name, (state.sums[name] ?? 0) + value]),
	)
	state.step++
}
