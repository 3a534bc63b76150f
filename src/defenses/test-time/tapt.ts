/** TAPT: prompts that make an image confident, and its tokens similar to those of training images. */

import { z } from 'zod'
import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import { tokensNeeded } from '../../vlm/encoders.js'
import { classLogits, towersOf } from '../../vlm/towers.js'
import { textsOfImages } from '../class-logits.js'
import type { Defense, ParameterLookup } from '../defense.js'
import { entropyOfMean, keptViews, mostConfident } from './confident-views.js'
import { defineTestTime } from './define-test-time.js'
import { randomisedOrAbsent } from './hidden-numbers.js'
import { parametersAs, textFeaturesInGraph } from './prompt-literals.js'
import { updatedPrompts, updateOptions } from './prompt-update.js'
import type { TokenMoments, TokenStatistics } from './test-time-defense.js'
import { keptViewsCheck, viewOptions } from './view-options.js'
import { augmentedViews, hiddenViews } from './views.js'

const schema = z
	.strictObject({
		...viewOptions,
		...updateOptions,
		learningRate: z.number().nonnegative().default(5e-4),
		/** AdamW's decoupled decay. */
		weightDecay: z.number().nonnegative().default(5e-4),
		/** Weight of the alignment relative to the entropy. */
		alignmentWeight: z.number().nonnegative().default(100),
		/** Number of first blocks in the image tower to align; capped at all. */
		alignmentDepth: z.int().positive().default(9),
		/** Weight of the statistics of attacked training images; those of clean ones get the rest. */
		adversarialShare: z.number().min(0).max(1).default(0.5),
		/** Number of training images for the statistics, balanced over the classes; at most all. */
		statisticsImages: z.int().min(2).default(256),
		/** Size of the attack on them in L-infinity, in pixel units of [0, 1]. Commands pass the epsilon of the run. */
		statisticsEpsilon: z
			.number()
			.nonnegative()
			.max(1)
			.default(1 / 255),
		/** Gradient steps of that attack, which starts at the clean image. */
		statisticsSteps: z.int().positive().default(5),
		/** Length of its steps as a multiple of its size. */
		statisticsRelativeStepSize: z.number().positive().default(0.3),
	})
	.refine(...keptViewsCheck)
	.transform(randomisedOrAbsent)

/** Options of TAPT with defaults filled in. */
export type TaptConfig = z.output<typeof schema>

/** Prompts, and the linear maps between prompts. */
const isPrompt = (name: string) => /^(text\.context|visual\.context|coupling)\./.test(name)

const unsuited = (defense: Defense) =>
	textsOfImages(defense) ??
	([...defense.parameters.keys()].some(isPrompt)
		? undefined
		: `TAPT moves the prompts of a tuned defense, and ${defense.name} has none. Use it with advpt-vli or nap, for example.`)

/**
 * TAPT (Wang et al., CVPR 2025) as in its reference code. It keeps the share `selected` of an image's views with the lowest
 * entropy, and descends the entropy of their mean probabilities plus `alignmentWeight` times the mean over blocks of the L1
 * distance between the tokens that enter a block and those of training images: half for each token's mean over the kept
 * views, half for its variance. It then classifies the image itself with the resulting prompts. Refiners stay.
 *
 * Differences from the reference: its statistics come from two sets of prompts over training images, one tuned adversarially
 * and one on clean images. A run here has one set, so the statistics are those of clean and of attacked training images
 * under it. The attack on them is PGD of `statisticsSteps` steps of `statisticsRelativeStepSize` times `statisticsEpsilon`
 * from the clean image on the cross entropy (5 and 0.3 by default), not the inner attack of the run's tuning. Views are
 * drawn once from `seed`, are known to the attacker unless `randomised` hides them, are cut from the image as the model
 * reads it, and are never rounded to 8 bits.
 */
export const tapt = defineTestTime({
	name: 'tapt',
	doc: 'Tunes all prompts on each image, for confident views and tokens similar to those of training images.',
	source: 'Wang et al. 2025 (TAPT), CVPR; code xinwong/TAPT',
	schema,
	adapts: 'prompts',
	attackedThrough: 'unrolled',
	needsTrainingImages: true,
	unsuited,
	async prepare({ clip, defense, parameters }, config) {
		const problem = unsuited(defense)
		if (problem) throw new NaptuneError('NAP_INPUT_UNSUITABLE', problem)
		if (!towersOf(clip.config).blocks) throw tokensNeeded()
		const { statisticsImages: images, statisticsEpsilon: epsilon, seed } = config
		const { statisticsSteps: steps, statisticsRelativeStepSize: relativeStepSize } = config
		return {
			kind: 'adapter',
			statistics: { images, epsilon, steps, relativeStepSize, seed },
			...hiddenViews(clip.config.vision.imageSize, config),
			adapt(pixels, statistics, hidden) {
				if (!statistics) throw new NaptuneError('NAP_INTERNAL', 'TAPT needs statistics of training images; pass them.')
				const { type } = pixels
				const views = augmentedViews(pixels, config, hidden)
				const model = (image: Value, lookup: ParameterLookup) => {
					const { features, layerInputs } = defense.imageFeatures(image, lookup)
					const text = textFeaturesInGraph(defense, lookup, type)
					return { features, layerInputs, logits: classLogits(clip, features, text) }
				}
				let selected: Value | undefined
				const loss = (lookup: ParameterLookup) => {
					const { logits, layerInputs } = model(views, lookup)
					const rows = selected ?? mostConfident(logits, keptViews(config.views, config.selected))
					selected = rows
					const kept = layerInputs.map((tokens) => ops.gather(tokens, rows, 0))
					return ops.add(entropyOfMean(ops.gather(logits, rows, 0)), alignment(kept, statistics, config))
				}
				const names = [...defense.parameters.keys()].filter(isPrompt)
				const tuned = updatedPrompts(names, parametersAs(type, parameters), loss, config)
				const { features, logits } = model(pixels, tuned)
				return { logits, imageFeatures: features }
			},
		}
	},
})

/** The alignment term. @param tokens Tokens of the kept views by block, [k, N, width]. */
function alignment(tokens: readonly Value[], statistics: TokenStatistics, config: TaptConfig): Value {
	const { alignmentDepth, alignmentWeight, adversarialShare } = config
	const depth = Math.min(alignmentDepth, tokens.length)
	const distances = tokens.slice(0, depth).map((block, layer) => {
		const mean = ops.reduceMean(block, [0])
		const deviation = ops.sub(block, ops.unsqueeze(mean, [0]))
		const variance = ops.reduceMean(ops.mul(deviation, deviation), [0])
		const from = (moments: TokenMoments) =>
			ops.mul(ops.add(distance(mean, moments.mean), distance(variance, moments.variance)), 0.5)
		return ops.add(
			ops.mul(from(at(statistics.adversarial, layer)), adversarialShare),
			ops.mul(from(at(statistics.clean, layer)), 1 - adversarialShare),
		)
	})
	const sum = distances.reduce((total, own) => ops.add(total, own))
	return ops.mul(sum, alignmentWeight / depth)
}

/** Mean absolute difference. */
function distance(value: Value, stored: Tensor<'float32'>): Value {
	return ops.reduceMean(ops.abs(ops.sub(value, ops.cast(ops.literal(stored), value.type))))
}
