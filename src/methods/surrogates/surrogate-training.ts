/** Trains a surrogate: stochastic gradient descent with batch normalisation, and a log line per epoch. */

import { z } from 'zod'
import { range } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import { type SurrogateEpoch, type SurrogateSettings, surrogateEpochForm } from '../../records/surrogate.js'
import type { Engine } from '../../runtime/engine.js'
import { feedOf } from '../../training/feed.js'
import {
	type TrainingFollower as Follower,
	type Stepper,
	type Trained,
	type TrainingTask,
	train,
} from '../../training/loop.js'
import { createOptimizerState } from '../../training/optimizers.js'
import type { Shapes, TrainingState } from '../../training/state.js'
import type { TensorSet } from '../../training/tensor-set.js'
import type { SurrogateFiles } from './files.js'
import { learningRateOf } from './learning-rate.js'
import { type BatchStatistics, updateRunningAverages } from './network/batch-norm.js'
import { initialAverages, initialParameters } from './network/initial-values.js'
import type { ClassifierRecipe } from './recipe.js'
import { requireSame } from './same-surrogate.js'

/** One line of the log. */
export type EpochMeans = SurrogateEpoch

/** The results of one step. */
export interface SurrogateStep {
	readonly gradients: Readonly<Record<string, Tensor<'float32'>>>
	/** Statistics of batch normalisation by layer, for each pass of the network in order. */
	readonly statistics: readonly ReadonlyMap<string, BatchStatistics>[]
	/** Numbers whose epoch means are logged; must include `loss`. */
	readonly numbers: Readonly<Record<string, number>> & { readonly loss: number }
}

/** The network during training. */
export interface SurrogateWeights {
	readonly parameters: TensorSet
	/** Running averages of batch normalisation. */
	readonly averages: TensorSet
}

/** A training of any kind. */
export interface SurrogateTask<Batch> {
	readonly engine: Engine
	readonly files: SurrogateFiles
	/** Everything that determines the result (JSON). */
	readonly description: SurrogateSettings
	readonly parameters: Shapes
	readonly averages: Shapes
	readonly recipe: Pick<
		ClassifierRecipe,
		| 'epochs'
		| 'batchSize'
		| 'learningRate'
		| 'warmupEpochs'
		| 'decay'
		| 'momentum'
		| 'nesterov'
		| 'weightDecay'
		| 'seed'
	>
	/** Training images; the last partial batch of an epoch is dropped. */
	readonly images: number
	/** Makes a batch; a pure function of epoch and step, so that a resumed run sees the same. */
	batch(epoch: number, stepOfEpoch: number): Promise<Batch>
	/** Gradients at these weights. */
	gradients(batch: Batch, weights: SurrogateWeights, epoch: number): Promise<SurrogateStep>
}

/** Ways to follow and to stop a training. */
export interface TrainingFollower extends Pick<Follower<EpochMeans>, 'onNotice' | 'onSaved' | 'signal'> {
	/** Called after every step. @param done Finished steps of `total`. */
	readonly onStep?: ((done: number, total: number, loss: number) => void) | undefined
	readonly onEpoch?: ((means: EpochMeans) => void) | undefined
}

/** This training has no further data in its state. */
const nothing = z.object({})

/**
 * Trains from the saved state, or from the start.
 * @throws NaptuneError when a loss or gradient is not finite (the last saved state stays), or the saved state is damaged or
 * belongs to another training.
 */
export async function trainSurrogate<Batch>(
	task: SurrogateTask<Batch>,
	{ onStep, onEpoch, ...follower }: TrainingFollower,
): Promise<Pick<Trained<object>, 'finished'> & SurrogateWeights & { readonly seconds: number }> {
	const { engine, files, description, parameters, averages, recipe } = task
	const stepsPerEpoch = Math.floor(task.images / recipe.batchSize)
	const steps = recipe.epochs * stepsPerEpoch
	const rateAt = (step: number) => learningRateOf(recipe, step / stepsPerEpoch)
	const training: TrainingTask<object, EpochMeans> = {
		name: 'Training',
		engine,
		files,
		steps,
		stepsPerEpoch,
		optimizer: 'sgd',
		format: {
			parameters,
			averages: { averages },
			own: nothing,
			identity: { description: JSON.stringify(description) },
			checkIdentity: (metadata, path) => requireSame(path, parsed(metadata.description), description),
			earlierNames: { velocities: 'velocity' },
		},
		async start() {
			const initial = initialParameters(parameters, recipe.seed)
			return {
				parameters: initial,
				averages: { averages: initialAverages(averages) },
				optimizer: createOptimizerState('sgd', initial),
				sums: {},
				log: { length: 0 },
				usage: { seconds: 0, residentBytes: 0 },
				own: {},
			}
		},
		open: async (state) => openSteps(task, state, stepsPerEpoch, steps),
		update: ({ step }) => ({
			name: 'sgd',
			momentum: recipe.momentum,
			nesterov: recipe.nesterov,
			weightDecay: recipe.weightDecay,
			learningRate: rateAt(step),
		}),
		line({ sums }, { epoch, step }) {
			const means = Object.entries(sums).map(([name, sum]) => [name, sum / stepsPerEpoch] as const)
			return surrogateEpochForm.schema.parse({ epoch, learningRate: rateAt(step), ...Object.fromEntries(means) })
		},
		advice: 'Lower --learning-rate, or raise --batch-size.',
	}
	const { state, finished } = await train(training, {
		...follower,
		onLine: onEpoch,
		onStep: onStep && ((done, total, { loss = Number.NaN }) => onStep(done, total, loss)),
	})
	return { finished, ...weightsOf(state), seconds: state.usage.seconds }
}

async function openSteps<Batch>(
	{ batch, gradients }: SurrogateTask<Batch>,
	state: TrainingState,
	stepsPerEpoch: number,
	steps: number,
): Promise<Stepper> {
	const weights = weightsOf(state)
	const batches = feedOf(range(state.optimizer.step, steps), (step) =>
		batch(Math.floor(step / stepsPerEpoch), step % stepsPerEpoch),
	)
	return {
		async step({ epoch }) {
			const { statistics, ...found } = await gradients(await batches.next(), weights, epoch)
			return {
				...found,
				afterUpdate() {
					for (const pass of statistics) {
						for (const [name, values] of pass) updateRunningAverages(weights.averages, name, values)
					}
				},
			}
		},
		close: batches.close,
	}
}

function weightsOf({ parameters, averages }: TrainingState): SurrogateWeights {
	return { parameters, averages: averages.averages ?? {} }
}

function parsed(text: string | undefined): unknown {
	try {
		return JSON.parse(text ?? 'null')
	} catch {
		return null
	}
}
