/**
 * Defines tuning for the training loop (equations 12 to 17): every step attacks the current full model, then descends on the
 * clean and adversarial loss.
 */

import { join } from 'node:path'
import { entry } from '../../core/at.js'
import { type Dataset, labelsOf } from '../../data/dataset.js'
import { zeroShotTemplate } from '../../data/templates.js'
import type { Defense } from '../../defenses/defense.js'
import { tuningLosses } from '../../defenses/tuning-losses.js'
import type { EpochRecord } from '../../records/run.js'
import type { Engine } from '../../runtime/engine.js'
import type { StepPosition, Stepper, TrainingTask } from '../../training/loop.js'
import { alphaAt } from '../../training/schedules.js'
import type { ClipModel } from '../../vlm/model.js'
import { batchGradients } from './batch-gradients.js'
import { checkCollapse } from './collapse.js'
import type { TuningConfig } from './configuration.js'
import { type EpochSums, emptySums, epochRecord } from './epoch-record.js'
import { type FeatureBank, openFeatureBank } from './feature-bank.js'
import { finiteAdvice } from './image-side.js'
import { rateOfEpoch, type StepPlan } from './notices.js'
import { runFiles } from './run-directory.js'
import { initialState, type TuningProgressState, type TuningState, trainingFiles, tuningFormat } from './run-state.js'
import { trainingFeed } from './training-feed.js'
import { positionsOfStep, stepsOfEpoch } from './training-images.js'
import { compileTuningPrograms, type TuningPrograms } from './tuning-programs.js'

/** Progress of a run, reported after every micro-batch. */
export interface TuningProgress {
	/** Epoch, from 0. */
	readonly epoch: number
	readonly epochs: number
	/** Image visits finished and in total in the whole run. */
	readonly imagesDone: number
	readonly imagesTotal: number
}

/** The parts of a tuning, and ways to follow and stop it. */
export interface TuningParts {
	readonly engine: Engine
	readonly clip: ClipModel
	readonly defense: Defense
	/** Data with the few-shot sample as training images. */
	readonly dataset: Dataset
	readonly config: TuningConfig
	/** The run directory. */
	readonly output: string
	readonly onProgress?: ((progress: TuningProgress) => void) | undefined
	readonly onBank?: ((done: number, total: number) => void) | undefined
	readonly onNotice?: ((notice: string) => void) | undefined
	readonly signal?: AbortSignal | undefined
}

/** Steps of a run. */
export function stepPlan({ length }: Dataset['train'], { batchSize }: Pick<TuningConfig, 'batchSize'>): StepPlan {
	const size = Math.min(batchSize, length)
	return { images: length, batchSize: size, stepsPerEpoch: stepsOfEpoch(length, size) }
}

/** The training of a run. */
export function tuningTask(parts: TuningParts): TrainingTask<TuningProgressState, EpochRecord> {
	const { engine, defense, dataset, config, output } = parts
	const { epochs, seed, optimizer } = config
	const { rateOf } = defense
	const plan = stepPlan(dataset.train, config)
	const { attacks } = entry(tuningLosses, config.loss)
	const chance = chanceOf(dataset)
	const rates = (epoch: number) => ({
		learningRate: rateOfEpoch(config, epoch),
		alpha: alphaAt(epoch, epochs, config.alpha),
	})
	return {
		name: 'Tuning',
		engine,
		files: trainingFiles(output),
		steps: plan.stepsPerEpoch * epochs,
		stepsPerEpoch: plan.stepsPerEpoch,
		format: tuningFormat(defense),
		optimizer: optimizer.name,
		start: () => initialState(defense, seed, optimizer.name),
		open: (state) => openSteps(parts, plan, state),
		update: ({ epoch }) => ({
			...optimizer,
			learningRate: rates(epoch).learningRate,
			...(rateOf ? { group: (name: string) => ({ rate: rateOf(name) }) } : {}),
		}),
		line: ({ sums }, { epoch }) => epochRecord(sumsOf(sums), { epoch, ...rates(epoch) }, attacks),
		afterLine(state, record) {
			const evidence = { ...record, classes: defense.classNames.length, chance }
			state.own = { history: checkCollapse(state.own.history, evidence, epochs, config.stopOnCollapse) }
		},
		isGood: ({ own }) => own.history.epochsAtChance === 0,
		advice: finiteAdvice,
	}
}

/** Compiles the programs, computes or reads the feature bank if there is one, and starts to load images. */
async function openSteps(
	parts: TuningParts,
	{ batchSize, stepsPerEpoch }: StepPlan,
	state: TuningState,
): Promise<Stepper | undefined> {
	const { engine, clip, defense, dataset, config, onProgress, signal } = parts
	const { epochs, seed } = config
	const training = dataset.train
	const steps = stepsPerEpoch * epochs
	const programs = await compileTuningPrograms(engine, clip, defense, config, zeroShotTemplate(dataset.name))
	const sequence = { from: state.optimizer.step, to: steps, stepsPerEpoch, batchSize }
	const feed = trainingFeed(clip, training, config, sequence)
	const close = async () => {
		await feed.close()
		await programs.release()
	}
	const bank = await featureBank(parts, programs, state).catch(async (error: unknown) => {
		await close()
		throw error
	})
	if (bank === 'stopped') {
		await close()
		return undefined
	}
	return {
		async step({ step, epoch, stepOfEpoch }: StepPosition) {
			const batch = await batchGradients({
				engine,
				programs,
				clip,
				defense,
				config,
				training,
				bank,
				nextImages: feed.next,
				parameters: state.parameters,
				positions: positionsOfStep(seed, epoch, stepOfEpoch, training.length, batchSize),
				epoch,
				alpha: alphaAt(epoch, epochs, config.alpha),
				onImages: (done) =>
					onProgress?.({ epoch, epochs, imagesDone: step * batchSize + done, imagesTotal: steps * batchSize }),
				signal,
			})
			return batch && { gradients: batch.gradients, numbers: { ...batch.sums } }
		},
		close,
	}
}

/** The run's feature bank, if it has one. Any text features it reads are those before the first step. */
async function featureBank(
	{ clip, dataset, config, output, onBank, onNotice, signal }: TuningParts,
	programs: TuningPrograms,
	{ parameters, optimizer }: TuningState,
): Promise<FeatureBank | undefined | 'stopped'> {
	if (config.attack.when !== 'once') return undefined
	const textFeatures = await programs.text.features(parameters)
	const classifier = programs.attacked({ ...parameters, textFeatures })
	const bank = await openFeatureBank({
		path: join(output, runFiles.bank),
		classifier,
		clip,
		training: dataset.train,
		config,
		inUse: optimizer.step > 0,
		onProgress: onBank,
		onNotice,
		signal,
	})
	return bank ?? 'stopped'
}

/** Sums of an epoch by name, from a state that may come from an earlier version. */
function sumsOf(sums: Readonly<Record<string, number>>): EpochSums {
	return { ...emptySums, ...sums }
}

/** Largest class's share of the training images. */
function chanceOf({ train }: Dataset): number {
	const counts = new Map<number, number>()
	for (const label of labelsOf(train)) counts.set(label, (counts.get(label) ?? 0) + 1)
	return Math.max(...counts.values()) / train.length
}
