/**
 * Defines pre-training for the training loop: the contrastive loss, a cap on the similarity scale, and a running average of
 * the weights.
 */

import { join } from 'node:path'
import { z } from 'zod'
import { at, entry } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { range } from '../../core/rows.js'
import { float32, type Tensor } from '../../core/tensor.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { generator } from '../../random/counter-based.js'
import type { PretrainingRecord } from '../../records/run.js'
import type { Engine, Program } from '../../runtime/engine.js'
import { feedOf } from '../../training/feed.js'
import type { Stepper, TrainingTask } from '../../training/loop.js'
import { createOptimizerState } from '../../training/optimizers.js'
import type { TrainingState } from '../../training/state.js'
import type { TensorSet } from '../../training/tensor-set.js'
import type { ClipTokenizer } from '../../vlm/tokenizer.js'
import { batchOfStep, type LabelledImages, stepsPerEpoch } from './batches.js'
import { initialWeights } from './initial-weights.js'
import { gradientPrefix, type PretrainingGeometry, pretrainingOutputs } from './program.js'
import { type PretrainingRecipe, pretrainingRate } from './recipe.js'
import { createZeroShotMeter, type ZeroShotMeter } from './zero-shot-meter.js'

/** The parts of a pre-training. */
export interface PretrainingParts {
	readonly engine: Engine
	readonly recipe: PretrainingRecipe
	readonly geometry: PretrainingGeometry
	readonly data: LabelledImages
	/** Positions of the images to train on, and of the held-out ones that monitor it. */
	readonly training: readonly number[]
	readonly heldOut: readonly number[]
	/** Class names in label order. */
	readonly classNames: readonly string[]
	readonly tokenizer: ClipTokenizer
	/** Folder for state and log. */
	readonly output: string
}

/** Steps of this process since the last line. */
interface Pace {
	steps: number
	since: number
}

/** The training of a recipe. */
export function pretrainingTask(parts: PretrainingParts): TrainingTask<object, PretrainingRecord> {
	const { engine, recipe, geometry, output, data, heldOut } = parts
	const { shapes } = geometry
	const perEpoch = stepsPerEpoch(parts.training.length, recipe.batchSize)
	const recipeHash = sha256OfBytes(JSON.stringify(recipe))
	const pace: Pace = { steps: 0, since: performance.now() }
	let meter: ZeroShotMeter | undefined
	return {
		name: 'Pre-training',
		engine,
		files: {
			state: join(output, 'state.safetensors'),
			lastGood: join(output, 'last-good.safetensors'),
			log: join(output, 'log.jsonl'),
			usage: join(output, 'usage.json'),
		},
		steps: perEpoch * recipe.epochs,
		stepsPerEpoch: perEpoch,
		stepsPerLine: recipe.stepsPerCheckpoint,
		optimizer: 'adamw',
		format: {
			parameters: shapes,
			averages: { average: shapes },
			own: z.object({}),
			identity: { recipe: recipeHash },
			checkIdentity(metadata, path) {
				if (metadata.recipe === recipeHash) return
				throw new NaptuneError(
					'NAP_RUN_DIFFERS',
					`${path} was written with another recipe or other data. Choose another --output folder, or remove this one to start over.`,
				)
			},
			earlierNames: { weights: 'parameters' },
		},
		start: async () => initialState(recipe, geometry),
		async open(state) {
			const outputs = pretrainingOutputs(geometry, recipe.captionLength)
			const program = await engine.compile(outputs, { name: 'pretraining' })
			meter = await createZeroShotMeter(engine, geometry, parts.tokenizer, parts.classNames)
			return stepperOf(parts, state, program, meter, pace)
		},
		update: ({ step, steps }) => ({
			name: 'adamw',
			learningRate: pretrainingRate(recipe, step, steps),
			betas: recipe.betas,
			epsilon: 1e-8,
			weightDecay: recipe.weightDecay,
			group: (name) => ({ decays: entry(shapes, name).length > 1 && !name.includes('embedding') }),
		}),
		async line(state, { step, steps }) {
			const { loss = Number.NaN, steps: summed = Number.NaN } = state.sums
			const seconds = (performance.now() - pace.since) / 1000
			const imagesPerSecond = (pace.steps * recipe.batchSize) / seconds
			pace.steps = 0
			const measured = heldOut.length > 0 ? meter?.accuracy(finalWeights(state, recipe), data, heldOut) : undefined
			return {
				step: step + 1,
				epoch: (step + 1) / perEpoch,
				loss: loss / summed,
				learningRate: pretrainingRate(recipe, step, steps),
				scale: Math.exp(at(entry(state.parameters, 'logit_scale').data, 0)),
				imagesPerSecond,
				...defined({ heldOutAccuracy: await measured }),
			}
		},
		advice: 'Lower the learning rate of the recipe.',
	}
}

/** The final weights of a recipe: their running average, or the last ones if it does not average. */
export function finalWeights({ parameters, averages }: TrainingState, { averageDecay }: PretrainingRecipe): TensorSet {
	return averageDecay > 0 ? entry(averages, 'average') : parameters
}

function initialState(recipe: PretrainingRecipe, { shapes, ...scales }: PretrainingGeometry): TrainingState {
	const weights = initialWeights(shapes, scales, (name) => generator(recipe.seed, 'initial-weights', name))
	const average = Object.fromEntries(
		Object.entries(weights).map(([name, { shape, data }]) => [name, float32(shape, data.slice())]),
	)
	return {
		parameters: weights,
		averages: { average },
		optimizer: createOptimizerState('adamw', weights),
		sums: {},
		log: { length: 0 },
		usage: { seconds: 0, residentBytes: 0 },
		own: {},
	}
}

function stepperOf(
	{ recipe, geometry, data, training, tokenizer }: PretrainingParts,
	state: TrainingState,
	program: Program,
	meter: ZeroShotMeter,
	pace: Pace,
): Stepper {
	const { imageSize } = geometry.vision
	const total = stepsPerEpoch(training.length, recipe.batchSize) * recipe.epochs
	const batches = feedOf(range(state.optimizer.step, total), (step) =>
		batchOfStep(data, training, tokenizer, recipe, imageSize, step),
	)
	return {
		async step({ step }) {
			if (pace.steps === 0) pace.since = performance.now()
			const results = await program.run({ ...(await batches.next()), ...state.parameters })
			pace.steps++
			return {
				gradients: namedGradients(results),
				numbers: { loss: at((entry(results, 'loss') as Tensor<'float32'>).data, 0), steps: 1 },
				afterUpdate: () => followWeights(state, recipe, step),
			}
		},
		async close() {
			await batches.close()
			await program.release()
			await meter.release()
		},
	}
}

function namedGradients(results: Readonly<Record<string, Tensor>>): TensorSet {
	return Object.fromEntries(
		Object.entries(results)
			.filter(([name]) => name.startsWith(gradientPrefix))
			.map(([name, value]) => [name.slice(gradientPrefix.length), value as Tensor<'float32'>]),
	)
}

/** Applies the cap on the similarity scale and updates the running average. */
function followWeights({ parameters, averages }: TrainingState, recipe: PretrainingRecipe, step: number): void {
	const logScale = entry(parameters, 'logit_scale').data
	logScale[0] = Math.min(at(logScale, 0), Math.log(recipe.maximumScale))
	// Start the average with a short memory, or it would retain the initial weights.
	const decay = Math.min(recipe.averageDecay, (1 + step) / (10 + step))
	for (const [name, { data }] of Object.entries(entry(averages, 'average'))) {
		const current = entry(parameters, name).data
		for (let index = 0; index < data.length; index++)
			data[index] = decay * at(data, index) + (1 - decay) * at(current, index)
	}
}
