/** Contrastive pre-training of a small CLIP on labelled images and drawn captions. */

import { join } from 'node:path'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { float32, type Tensor } from '../../core/tensor.js'
import { openJsonLines } from '../../files/json-lines.js'
import { makeFolder } from '../../files/make-folder.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { generator, permutation } from '../../random/counter-based.js'
import type { PretrainingRecord } from '../../records/run.js'
import type { Engine } from '../../runtime/engine.js'
import { adamWStep, createAdamWState } from '../../training/adamw.js'
import { parseClipConfig } from '../../vlm/config.js'
import { expectedWeights } from '../../vlm/expected-weights.js'
import { parsePreprocessorConfig } from '../../vlm/preprocessor-config.js'
import type { ClipTokenizer } from '../../vlm/tokenizer.js'
import { batchOfStep, type LabelledImages, stepsPerEpoch } from './batches.js'
import { initialWeights } from './initial-weights.js'
import { gradientPrefix, type PretrainingGeometry, pretrainingOutputs } from './program.js'
import { type PretrainingRecipe, pretrainingRate } from './recipe.js'
import { loadState, type PretrainingState, saveState } from './state.js'
import { createZeroShotMeter } from './zero-shot-meter.js'

export type { PretrainingRecord } from '../../records/run.js'

/** What {@link pretrain} needs. */
export interface PretrainingInput {
	readonly engine: Engine
	readonly recipe: PretrainingRecipe
	readonly data: LabelledImages
	/** Class names in label order. */
	readonly classNames: readonly string[]
	/** Indices of images that must never be trained on. */
	readonly excluded: ReadonlySet<number>
	readonly tokenizer: ClipTokenizer
	/** Folder for state and log. */
	readonly output: string
	/** Called after every step. */
	readonly onStep?: (done: number, total: number, loss: number) => void
	readonly onRecord?: (record: PretrainingRecord) => void
	/** Stops after the current step and saves. */
	readonly signal?: AbortSignal
}

/** The geometry that a recipe's configs describe. @throws NaptuneError when they are not a usable CLIP. */
export function pretrainingGeometry(recipe: PretrainingRecipe): PretrainingGeometry {
	const config = parseClipConfig(recipe.config, 'the config of the recipe')
	const { mean, std } = parsePreprocessorConfig(recipe.preprocessor, 'the preprocessor of the recipe')
	return {
		vision: config.vision,
		text: config.text,
		statistics: { mean, std },
		shapes: expectedWeights(config),
	}
}

/**
 * Runs a recipe to its end, continuing a saved state in `output` if there is one.
 * @returns The averaged weights (the last ones where the recipe averages nothing), or undefined when stopped early.
 * @throws NaptuneError when a loss or gradient is not finite (the last saved state stays), or the input does not fit.
 */
export async function pretrain(input: PretrainingInput): Promise<Record<string, Tensor<'float32'>> | undefined> {
	const { engine, recipe, data, excluded, output } = input
	const geometry = pretrainingGeometry(recipe)
	if (data.size < geometry.vision.imageSize) {
		throw new NaptuneError(
			`The images are ${data.size} pixels wide, the recipe's model reads ${geometry.vision.imageSize}.`,
		)
	}
	await makeFolder(output)
	const statePath = join(output, 'state.safetensors')
	const recipeHash = sha256OfBytes(JSON.stringify(recipe))
	const allowed = Array.from({ length: data.labels.length }, (_, index) => index).filter(
		(index) => !excluded.has(index),
	)
	const shuffled = permutation(generator(recipe.seed, 'held-out'), allowed.length).map((at) => allowed[at]!)
	const heldOut = shuffled.slice(0, recipe.heldOutImages)
	const pool = shuffled.slice(recipe.heldOutImages)
	const perEpoch = stepsPerEpoch(pool.length, recipe.batchSize)
	if (perEpoch === 0) {
		throw new NaptuneError(`A batch of ${recipe.batchSize} is larger than the ${pool.length} training images.`)
	}
	const total = perEpoch * recipe.epochs
	const state = (await loadState(statePath, recipeHash)) ?? initialState(recipe, geometry)
	const log = await openJsonLines(join(output, 'log.jsonl'), { length: state.logLength })
	const program = await engine.compile(pretrainingOutputs(geometry, recipe.captionLength), { name: 'pretraining' })
	const meter = await createZeroShotMeter(engine, geometry, input.tokenizer, input.classNames)
	try {
		let sum = 0
		let count = 0
		let since = performance.now()
		let next = nextBatch(input, geometry, pool, state.optimizer.step)
		while (state.optimizer.step < total && !input.signal?.aborted) {
			const step = state.optimizer.step
			const running = program.run({ ...next, ...state.weights })
			// The worker computes this step while the main thread draws and augments the next one.
			next = nextBatch(input, geometry, pool, step + 1)
			const results = await running
			const loss = (results.loss as Tensor<'float32'>).data[0]!
			const gradients = namedGradients(results)
			if (!Number.isFinite(loss)) {
				throw new NaptuneError(
					`The loss became ${loss} at step ${step}. The last saved state is in ${output}; lower the learning rate of the recipe.`,
				)
			}
			update(state, gradients, recipe, step, total)
			sum += loss
			count++
			input.onStep?.(step + 1, total, loss)
			if ((step + 1) % recipe.stepsPerCheckpoint === 0 || step + 1 === total || input.signal?.aborted) {
				const seconds = (performance.now() - since) / 1000
				const record: PretrainingRecord = {
					step: step + 1,
					epoch: (step + 1) / perEpoch,
					loss: sum / count,
					learningRate: pretrainingRate(recipe, step, total),
					scale: Math.exp(state.weights.logit_scale!.data[0]!),
					imagesPerSecond: (count * recipe.batchSize) / seconds,
					...defined({
						heldOutAccuracy:
							heldOut.length > 0 ? await meter.accuracy(finalWeights(state, recipe), data, heldOut) : undefined,
					}),
				}
				state.logLength = await log.append(record)
				await saveState(statePath, state, recipeHash)
				input.onRecord?.(record)
				sum = 0
				count = 0
				since = performance.now()
			}
		}
		return state.optimizer.step >= total ? finalWeights(state, recipe) : undefined
	} finally {
		await log.close()
		await program.release()
		await meter.release()
	}
}

function nextBatch(input: PretrainingInput, geometry: PretrainingGeometry, pool: readonly number[], step: number) {
	return batchOfStep(input.data, pool, input.tokenizer, input.recipe, geometry.vision.imageSize, step)
}

function initialState(recipe: PretrainingRecipe, geometry: PretrainingGeometry): PretrainingState {
	const weights = initialWeights(geometry.shapes, geometry, (name) => generator(recipe.seed, 'initial-weights', name))
	const average = Object.fromEntries(
		Object.entries(weights).map(([name, { shape, data }]) => [name, float32(shape, data.slice())]),
	)
	return { weights, average, optimizer: createAdamWState(weights), logLength: 0 }
}

function namedGradients(results: Readonly<Record<string, Tensor>>): Record<string, Tensor<'float32'>> {
	return Object.fromEntries(
		Object.entries(results)
			.filter(([name]) => name.startsWith(gradientPrefix))
			.map(([name, value]) => [name.slice(gradientPrefix.length), value as Tensor<'float32'>]),
	)
}

/** One optimizer step, the cap on the similarity scale and the running average. */
function update(
	state: PretrainingState,
	gradients: Record<string, Tensor<'float32'>>,
	recipe: PretrainingRecipe,
	step: number,
	total: number,
): void {
	adamWStep(state.weights, gradients, state.optimizer, {
		learningRate: pretrainingRate(recipe, step, total),
		betas: recipe.betas,
		epsilon: 1e-8,
		weightDecay: recipe.weightDecay,
		decays: (name) => state.weights[name]!.shape.length > 1 && !name.includes('embedding'),
	})
	const logScale = state.weights.logit_scale!.data
	logScale[0] = Math.min(logScale[0]!, Math.log(recipe.maximumScale))
	// A young average would remember the initial weights: it starts with a short memory.
	const decay = Math.min(recipe.averageDecay, (1 + step) / (10 + step))
	for (const [name, { data }] of Object.entries(state.average)) {
		const current = state.weights[name]!.data
		for (let index = 0; index < data.length; index++) data[index] = decay * data[index]! + (1 - decay) * current[index]!
	}
}

function finalWeights(state: PretrainingState, recipe: PretrainingRecipe): Record<string, Tensor<'float32'>> {
	return recipe.averageDecay > 0 ? state.average : state.weights
}
