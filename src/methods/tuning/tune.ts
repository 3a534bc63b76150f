/**
 * Tuning (equations 12 to 17): every step attacks the current full model, then descends on the clean and adversarial loss.
 * A run writes its directory as it goes; killed at any point and resumed, it ends in the same bytes.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import { type Dataset, idsOf, labelsOf, type Split } from '../../data/dataset.js'
import { exclusionNotice, type UnreadableImage, withoutImages } from '../../data/loading/unreadable.js'
import { zeroShotTemplate } from '../../data/templates.js'
import type { Defense } from '../../defenses/defense.js'
import { openJsonLines } from '../../files/json-lines.js'
import type { EpochRecord } from '../../records/run.js'
import type { Engine } from '../../runtime/engine.js'
import { requireFinite } from '../../training/finite.js'
import { optimizers } from '../../training/optimizers.js'
import { alphaAt, learningRateAt } from '../../training/schedules.js'
import type { ClipModel } from '../../vlm/model.js'
import { batchGradients } from './batch-gradients.js'
import { checkCollapse } from './collapse.js'
import type { TuningConfig } from './configuration.js'
import { type FeatureBank, openFeatureBank } from './feature-bank.js'
import { tuningLosses } from './losses.js'
import { type PreparedRun, prepareRun } from './prepare-tuning.js'
import type { ConfigurationOrigin } from './presets.js'
import { describeRun } from './run-description.js'
import { checkRunDirectory, openRunDirectory, removeLeftovers, runFiles } from './run-directory.js'
import { finishedResult, finishRun, loadFinishedRun, type RunResult } from './run-result.js'
import {
	addSums,
	type EpochSums,
	emptySums,
	initialState,
	keepAsLastGood,
	loadTuningState,
	saveTuningState,
	type TuningState,
} from './run-state.js'
import { trainingFeed } from './training-feed.js'
import { positionsOfStep, stepsOfEpoch } from './training-images.js'
import { compileTuningPrograms, type TuningPrograms } from './tuning-programs.js'

export type { EpochRecord } from '../../records/run.js'

/** Where a run stands; given after every micro-batch. */
export interface TuningProgress {
	/** 0-based. */
	readonly epoch: number
	readonly epochs: number
	/** Image visits done and to do in the whole run. */
	readonly imagesDone: number
	readonly imagesTotal: number
}

/** A state is saved after every epoch, and within long epochs about this often; resuming gives the same bytes either way. */
const secondsBetweenSaves = 120

/** What {@link tune} needs. */
export interface TuneInput {
	readonly engine: Engine
	readonly clip: ClipModel
	readonly dataset: Dataset
	/** What {@link prepareRun} made of model, data and configuration; made here by default. */
	readonly prepared?: PreparedRun
	/** Training images that cannot be read: left out after the sample was drawn, and told in the run's notices. */
	readonly unreadable?: readonly UnreadableImage[]
	readonly config: TuningConfig
	/** Where the configuration came from, for the record. */
	readonly origin?: ConfigurationOrigin | undefined
	/** The run directory. */
	readonly output: string
	/** Continue the run that `output` holds, if it holds one. */
	readonly resume?: boolean
	readonly onProgress?: (progress: TuningProgress) => void
	readonly onEpoch?: (record: EpochRecord) => void
	/** Called while a bank of features is made before the first step, with the number of images. */
	readonly onBank?: (done: number, total: number) => void
	/** Stops before the next micro-batch and saves; the step under way is done again by a resumed run. */
	readonly signal?: AbortSignal
}

/** A finished or stopped run. */
export interface TuneResult {
	readonly defense: Defense
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** Whether all epochs were run; false after a stop, when `resume` continues. */
	readonly finished: boolean
	/** Wall-clock time of all parts of the run. */
	readonly seconds: number
	/** Bytes that the process held at its largest after compiling all programs of the run. */
	readonly residentBytes: number
}

/**
 * Tunes a defense.
 * @throws NaptuneError when data, model and configuration do not fit, a loss or gradient is not finite, or the run
 * collapses to chance. The last good state stays in the run directory.
 */
export async function tune(input: TuneInput): Promise<TuneResult> {
	const { config, output } = input
	const { defense, dataset, description, done } = await lookInto(input)
	if (done) {
		const { parameters, result } = done
		await removeLeftovers(output)
		return { defense, parameters, finished: true, seconds: result.seconds, residentBytes: result.residentBytes }
	}
	const plan = planOf(dataset.train, defense, config)
	await openRunDirectory(output, description, input.resume ?? false)
	const optimizer = config.optimizer.name
	const state =
		(await loadTuningState(output, defense, optimizer)) ?? (await initialState(defense, config.seed, optimizer))
	if (state.optimizer.step < plan.totalSteps) await runSteps({ ...input, dataset }, defense, plan, state)
	const finished = state.optimizer.step >= plan.totalSteps
	if (finished) await finishRun(output, defense.name, state)
	return { defense, parameters: state.parameters, finished, ...state.usage }
}

/**
 * Checks whether {@link tune} could start, or go on with what the run directory holds; writes nothing.
 * @throws NaptuneError as {@link tune} would before its first step.
 */
export async function checkRun(input: TuneInput): Promise<void> {
	const { description, done } = await lookInto(input)
	if (!done) await checkRunDirectory(input.output, description, input.resume ?? false)
}

/**
 * The run that {@link tune} would make, where `output` holds it finished, whether or not its parameters are still there:
 * records of evaluations can be read beside it without them. Writes nothing.
 * @throws NaptuneError as {@link tune} when data, model and configuration do not fit.
 */
export async function finishedRun(
	input: TuneInput,
): Promise<{ readonly defense: Defense; readonly result: RunResult } | undefined> {
	const { defense, description } = describedRun(input)
	const result = await finishedResult(input.output, description)
	return result && { defense, result }
}

/** What a run is of, and its result where it is finished. */
async function lookInto(input: TuneInput) {
	const described = describedRun(input)
	const done = input.resume ? await loadFinishedRun(input.output, described.description) : undefined
	return { ...described, done }
}

/** What a run is of. */
function describedRun(input: TuneInput) {
	const { defense, sample } = input.prepared ?? prepareRun(input)
	const dataset = withoutUnreadable(sample, input.unreadable ?? [])
	return { defense, dataset, description: describeRun({ ...input, dataset }, defense) }
}

function withoutUnreadable(sample: Dataset, unreadable: readonly UnreadableImage[]): Dataset {
	const drawn = new Set(idsOf(sample.train))
	const gone = unreadable.filter(({ id }) => drawn.has(id))
	if (gone.length === 0) return sample
	const notice = exclusionNotice(gone, sample.train.length, 'training')
	return { ...sample, train: withoutImages(sample.train, gone), notices: [...sample.notices, notice] }
}

/** Numbers that follow from data and configuration. */
interface Plan {
	readonly batchSize: number
	readonly stepsPerEpoch: number
	readonly totalSteps: number
	readonly classes: number
	/** Largest class's share of the training images. */
	readonly chance: number
}

function planOf(training: Split, { classNames }: Defense, { batchSize, epochs }: TuningConfig): Plan {
	const size = Math.min(batchSize, training.length)
	const stepsPerEpoch = stepsOfEpoch(training.length, size)
	const counts = new Map<number, number>()
	for (const label of labelsOf(training)) counts.set(label, (counts.get(label) ?? 0) + 1)
	return {
		batchSize: size,
		stepsPerEpoch,
		totalSteps: stepsPerEpoch * epochs,
		classes: classNames.length,
		chance: Math.max(...counts.values()) / training.length,
	}
}

/** Steps from where the state stands to the end or a stop. The state changes along. */
async function runSteps(
	input: TuneInput,
	defense: Defense,
	{ batchSize, stepsPerEpoch, totalSteps, classes, chance }: Plan,
	state: TuningState,
): Promise<void> {
	const { engine, clip, dataset, config, output, signal, onProgress, onEpoch } = input
	const { epochs, seed, optimizer } = config
	const { parameters } = state
	const { length } = dataset.train
	const spentBefore = state.usage.seconds
	const started = performance.now()
	let lastSave = started
	let savedStep = state.optimizer.step
	const save = async () => {
		lastSave = performance.now()
		state.usage = { ...state.usage, seconds: spentBefore + (lastSave - started) / 1000 }
		await saveTuningState(output, state)
		savedStep = state.optimizer.step
	}
	const programs = await compileTuningPrograms(engine, clip, defense, config, zeroShotTemplate(dataset.name))
	const log = await openJsonLines(join(output, runFiles.log), { length: state.logLength })
	let step = state.optimizer.step
	const feed = trainingFeed(clip, dataset.train, config, { from: step, to: totalSteps, stepsPerEpoch, batchSize })
	try {
		const bank = await featureBank(input, programs, state)
		if (bank === 'stopped') return
		for (; step < totalSteps && !signal?.aborted; step++) {
			const epoch = Math.floor(step / stepsPerEpoch)
			const alpha = alphaAt(epoch, epochs, config.alpha)
			const learningRate = learningRateAt(epoch, {
				...optimizer,
				warmupRate: optimizer.warmupRate ?? undefined,
				epochs,
			})
			const imagesBefore = step * batchSize
			const batch = await batchGradients({
				engine,
				programs,
				clip,
				defense,
				config,
				training: dataset.train,
				bank,
				nextImages: feed.next,
				parameters,
				positions: positionsOfStep(seed, epoch, step % stepsPerEpoch, length, batchSize),
				epoch,
				alpha,
				onImages: (done) =>
					onProgress?.({ epoch, epochs, imagesDone: imagesBefore + done, imagesTotal: totalSteps * batchSize }),
				signal,
			})
			if (!batch) break
			optimizers[optimizer.name].update(parameters, batch.gradients, state.optimizer, { ...optimizer, learningRate })
			requireFinite('new value', Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data])))
			// A whole step from it was finite: the saved state is a good one.
			if (step === savedStep && step > 0 && state.history.epochsAtChance === 0) await keepAsLastGood(output)
			const { residentBytes } = await engine.memory()
			state.usage = { ...state.usage, residentBytes: Math.max(state.usage.residentBytes, residentBytes) }
			state.epochSums = addSums(state.epochSums, batch.sums)
			const endOfEpoch = (step + 1) % stepsPerEpoch === 0
			if (endOfEpoch) {
				const record = epochRecord(state.epochSums, epoch, learningRate, alpha, tuningLosses.get(config.loss)!.attacks)
				state.logLength = await log.append(record)
				onEpoch?.(record)
				state.history = checkCollapse(state.history, { ...record, classes, chance }, epochs, config.stopOnCollapse)
				state.epochSums = emptySums
			}
			if (endOfEpoch || performance.now() - lastSave > secondsBetweenSaves * 1000) await save()
		}
		if (step > savedStep) await save()
	} catch (error) {
		const where = `epoch ${Math.floor(step / stepsPerEpoch) + 1} of ${epochs}, step ${(step % stepsPerEpoch) + 1} of ${stepsPerEpoch}`
		throw explained(error, where, output)
	} finally {
		await feed.close()
		await log.close()
		await programs.release()
	}
}

/** Says when it happened, and what is left of the run. */
function explained(error: unknown, where: string, output: string): unknown {
	if (!(error instanceof NaptuneError)) return error
	const kept = [runFiles.lastGood, runFiles.state].map((file) => join(output, file)).find((path) => existsSync(path))
	const rest = kept ? `The last good state is kept in ${kept}.` : 'No state had been saved yet.'
	return new NaptuneError(`Tuning stopped in ${where}: ${error.message} ${rest}`, { cause: error })
}

/** The run's bank of features, where it has one. The text features it may read are those before the first step. */
async function featureBank(
	{ clip, dataset, config, output, onBank, signal }: TuneInput,
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
		signal,
	})
	return bank ?? 'stopped'
}

function epochRecord(
	sums: EpochSums,
	epoch: number,
	learningRate: number,
	alpha: number,
	attacks: boolean,
): EpochRecord {
	const { images } = sums
	return {
		epoch,
		learningRate,
		alpha,
		cleanLoss: sums.cleanLoss / images,
		adversarialLoss: attacks ? sums.adversarialLoss / images : null,
		cleanAccuracy: sums.cleanCorrect / images,
		adversarialAccuracy: attacks ? sums.adversarialCorrect / images : null,
		images,
	}
}
