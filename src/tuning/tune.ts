/**
 * Tuning (equations 12 to 17): every step attacks the current full model, then descends on the clean and adversarial loss.
 * A run writes its directory as it goes; killed at any point and resumed, it ends in the same bytes.
 */

import { join } from 'node:path'
import { createGraphClassifier, type GraphClassifier } from '../attacks/graph-classifier.js'
import { imageStreams } from '../attacks/image-streams.js'
import { pgd } from '../attacks/pgd.js'
import { threatModel } from '../attacks/threat-model.js'
import { type ClipModel, logScale } from '../clip/model.js'
import { similarityLogits } from '../clip/similarity.js'
import type { Dataset } from '../data/dataset.js'
import { fewShot } from '../data/few-shot.js'
import { type Defense, parameterInputs } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import { NaptuneError } from '../errors.js'
import { openJsonLines } from '../files/json-lines.js'
import { ops } from '../onnx/index.js'
import { float32, type Tensor } from '../onnx/tensor.js'
import { generator } from '../random/counter-based.js'
import type { Engine, Feeds, ResidentTensor } from '../runtime/engine.js'
import { adamWStep, createAdamWState } from './adamw.js'
import { checkCollapse } from './collapse.js'
import type { TuningConfig } from './configuration.js'
import { createGradientSums } from './gradient-sums.js'
import { createImageSide } from './image-side.js'
import { tuningLosses } from './losses.js'
import { describeRun } from './run-description.js'
import {
	type EpochSums,
	emptySums,
	loadTuningState,
	openRunDirectory,
	runFiles,
	saveTuningState,
	type TuningState,
} from './run-directory.js'
import { alphaAt, learningRateAt } from './schedules.js'
import { saveTensors } from './tensor-set.js'
import { createTextSide } from './text-side.js'
import { loadTrainingImages, positionsOfStep, stepsOfEpoch } from './training-images.js'

/** One line of a run's log: means over the training images of an epoch, attacked by the inner attack. */
export interface EpochRecord {
	/** 0-based. */
	readonly epoch: number
	readonly learningRate: number
	/** Weight of the adversarial loss. */
	readonly alpha: number
	readonly cleanLoss: number
	readonly adversarialLoss: number
	/** In [0, 1]. */
	readonly cleanAccuracy: number
	readonly adversarialAccuracy: number
	readonly images: number
}

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
	readonly config: TuningConfig
	/** The run directory. */
	readonly output: string
	/** Continue the run that `output` holds, if it holds one. */
	readonly resume?: boolean
	readonly onProgress?: (progress: TuningProgress) => void
	readonly onEpoch?: (record: EpochRecord) => void
	/** Stops after the optimizer step under way and saves. */
	readonly signal?: AbortSignal
}

/** A finished or stopped run. */
export interface TuneResult {
	readonly defense: Defense
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** Whether all epochs were run; false after a stop, when `resume` continues. */
	readonly finished: boolean
	/** Bytes that the process held at its largest after compiling all programs of the run. */
	readonly residentBytes: number
}

/**
 * Tunes a defense.
 * @throws NaptuneError when data, model and configuration do not fit, a loss or gradient is not finite, or the run
 * collapses to chance. The last saved state stays in the run directory.
 */
export async function tune(input: TuneInput): Promise<TuneResult> {
	const { engine, clip, dataset, config, output, signal } = input
	const defense = prepareDefense(config.defense.name, clip, dataset.classNames, config.defense.options)
	if (defense.parameters.size === 0) {
		throw new NaptuneError(`Defense ${defense.name} learns nothing, so there is nothing to tune; evaluate it as it is.`)
	}
	const sample = fewShot(dataset, config.shots, config.seed)
	const training = sample.train
	const batchSize = Math.min(config.batchSize, training.length)
	const perEpoch = stepsOfEpoch(training.length, batchSize)
	const totalSteps = perEpoch * config.epochs
	await openRunDirectory(output, describeRun({ ...input, dataset: sample }, defense), input.resume ?? false)
	const state = (await loadTuningState(output)) ?? (await initialState(defense, config.seed))
	const log = await openJsonLines(join(output, runFiles.log), { length: state.logLength })
	const text = await createTextSide(engine, defense, config.classesPerChunk)
	const image = await createImageSide(engine, clip, defense, tuningLosses.get(config.loss)!)
	const inner = await innerClassifier(engine, clip, defense)
	const threat = threatModel('linf', config.attack.epsilon)
	const { steps, relativeStepSize, start } = config.attack
	let residentBytes = (await engine.memory()).residentBytes
	let lastSave = performance.now()
	try {
		while (state.optimizer.step < totalSteps && !signal?.aborted) {
			const step = state.optimizer.step
			const epoch = Math.floor(step / perEpoch)
			const alpha = alphaAt(epoch, config.epochs, config.alpha)
			const positions = positionsOfStep(config.seed, epoch, step % perEpoch, training.length, batchSize)
			const feeds = await uploadAll(engine, state.parameters)
			const textFeatures = await engine.upload(await text.features(feeds))
			const gradients = createGradientSums(defense.parameters)
			const textGradient = new Float64Array(textFeatures.shape[0]! * textFeatures.shape[1]!)
			const bound = { ...feeds, textFeatures }
			const attacked = inner.classifier.withFeeds(inner.feeds(bound))
			for (let from = 0; from < positions.length; from += config.microBatchSize) {
				const part = positions.slice(from, from + config.microBatchSize)
				const { pixels, labels, ids } = await loadTrainingImages(clip, training, part, config, epoch)
				const adversarial = await pgd(
					attacked,
					{ images: pixels, labels, ids },
					threat,
					{ steps, relativeStepSize, start },
					(id, purpose) => imageStreams(config.seed)(id, `tuning ${purpose} epoch ${epoch}`),
				)
				const result = await image.run(bound, { clean: pixels, adversarial, labels }, alpha, 1 / positions.length)
				for (const [name, gradient] of Object.entries(result.gradients)) gradients.add(name, gradient)
				result.textGradient.forEach((value, index) => {
					textGradient[index]! += value
				})
				const sums = state.epochSums
				sums.images += part.length
				sums.cleanLoss += result.cleanLoss
				sums.adversarialLoss += result.adversarialLoss
				sums.cleanCorrect += result.cleanCorrect
				sums.adversarialCorrect += result.adversarialCorrect
				input.onProgress?.({
					epoch,
					epochs: config.epochs,
					imagesDone: step * batchSize + from + part.length,
					imagesTotal: totalSteps * batchSize,
				})
			}
			await text.backward(feeds, Float32Array.from(textGradient), gradients.add)
			residentBytes = Math.max(residentBytes, (await engine.memory()).residentBytes)
			await Promise.all([...Object.values(feeds), textFeatures].map((tensor) => tensor.release()))
			const rate = learningRateAt(epoch, {
				...config.optimizer,
				warmupRate: config.optimizer.warmupRate ?? undefined,
				epochs: config.epochs,
			})
			adamWStep(state.parameters, gradients.tensors(), state.optimizer, { ...config.optimizer, learningRate: rate })
			if (state.optimizer.step % perEpoch === 0) {
				const record = epochRecord(state.epochSums, epoch, rate, alpha)
				const evidence = { ...record, classes: dataset.classNames.length }
				state.epochsAtChance = checkCollapse(state.epochsAtChance, evidence, config.stopOnCollapse)
				state.logLength = await log.append(record)
				Object.assign(state.epochSums, emptySums())
				input.onEpoch?.(record)
			}
			const since = performance.now() - lastSave
			if (state.optimizer.step % perEpoch === 0 || signal?.aborted || since > secondsBetweenSaves * 1000) {
				await saveTuningState(output, state)
				lastSave = performance.now()
			}
		}
		const finished = state.optimizer.step >= totalSteps
		if (finished) await saveTensors(join(output, runFiles.parameters), state.parameters, { defense: defense.name })
		return { defense, parameters: state.parameters, finished, residentBytes }
	} finally {
		await log.close()
		await Promise.all([text.release(), image.release(), inner.classifier.release()])
	}
}

/** The full current model as the inner attack sees it: pixels to logits, parameters and text features as inputs. */
async function innerClassifier(
	engine: Engine,
	clip: ClipModel,
	defense: Defense,
): Promise<{ readonly classifier: GraphClassifier; feeds(all: Feeds): Feeds }> {
	const { imageSize } = clip.config.vision
	const { lookup, used } = parameterInputs(defense)
	const textFeatures = ops.input('textFeatures', 'float32', [
		defense.classNames.length,
		clip.config.projectionDimension,
	])
	const classifier = await createGraphClassifier({
		engine,
		classNames: defense.classNames,
		imageShape: [3, imageSize, imageSize],
		build: (pixels) => ({
			logits: similarityLogits(defense.imageFeatures(pixels, lookup).features, textFeatures, logScale(clip)),
		}),
		compileOptions: { name: 'inner attack' },
	})
	return {
		classifier,
		feeds: (all) =>
			Object.fromEntries(Object.entries(all).filter(([name]) => name === 'textFeatures' || used.has(name))),
	}
}

async function uploadAll(
	engine: Engine,
	parameters: Readonly<Record<string, Tensor<'float32'>>>,
): Promise<Record<string, ResidentTensor>> {
	const entries = Object.entries(parameters)
	const uploaded = await Promise.all(entries.map(([, value]) => engine.upload(value)))
	return Object.fromEntries(entries.map(([name], index) => [name, uploaded[index]!]))
}

/** Initial parameters, each from a random stream of its own. */
async function initialState(defense: Defense, seed: number): Promise<TuningState> {
	const parameters: Record<string, Tensor<'float32'>> = {}
	for (const [name, { shape, stream = name, initial }] of defense.parameters) {
		parameters[name] = float32(shape, await initial(generator(seed, 'initial-parameters', stream)))
	}
	return {
		parameters,
		optimizer: createAdamWState(parameters),
		epochSums: emptySums(),
		logLength: 0,
		epochsAtChance: 0,
	}
}

function epochRecord(sums: EpochSums, epoch: number, learningRate: number, alpha: number): EpochRecord {
	const { images } = sums
	return {
		epoch,
		learningRate,
		alpha,
		cleanLoss: sums.cleanLoss / images,
		adversarialLoss: sums.adversarialLoss / images,
		cleanAccuracy: sums.cleanCorrect / images,
		adversarialAccuracy: sums.adversarialCorrect / images,
		images,
	}
}
