/** The image tower's own weights as parameters: what all fine-tuning methods learn. They differ in loss and inner attack. */

import { z } from 'zod'
import { at, entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { ops } from '../onnx/graph.js'
import { defaultTemplate } from '../vlm/class-prompts.js'
import type { ClipModel } from '../vlm/model.js'
import { encodeImage, towersOf } from '../vlm/towers.js'
import { templatePrompts } from './context-prompts.js'
import type { Defense, Parameter, ParameterLookup } from './defense.js'
import { promptedTowers } from './prompted-towers.js'

/** Options of methods that tune the image tower itself. */
export const imageTowerSchema = z.strictObject({
	/** Tunes this many of the last blocks and what follows them; default: the whole tower. */
	lastLayers: z.int().positive().optional(),
	/** Factors on the learning rate by group; 0 leaves a group as it is. All are 1 by default. */
	rates: z
		.strictObject({
			/** Patch, position and class embeddings, and the normalisation behind them. */
			embeddings: z.number().nonnegative().optional(),
			/** All blocks. */
			blocks: z.number().nonnegative().optional(),
			/** The last normalisation and the projection. */
			projection: z.number().nonnegative().optional(),
			/**
			 * Of every block times that of the block behind it, so that early layers move less; the embeddings count as one more
			 * block in front.
			 */
			layerDecay: z.number().positive().max(1).optional(),
		})
		.optional(),
	/** The fixed text; `{}` stands for the class name. */
	template: z.string().default(defaultTemplate),
})

/** Options with defaults filled in. */
export type ImageTowerConfig = z.output<typeof imageTowerSchema>

/** Prefix of the parameters' names, before the weight's own. */
const prefix = 'image.'

/** The weight of the checkpoint that a parameter replaces; undefined for one that replaces none. */
export function replacedWeight(parameter: string): string | undefined {
	return parameter.startsWith(prefix) ? parameter.slice(prefix.length) : undefined
}

/**
 * Binds such a method to a model and classes. Parameters start at the checkpoint's values; text tower and similarity scale
 * stay frozen.
 * @throws NaptuneError for a model without its own weights, or if its image tower has fewer layers.
 */
export function imageTowerDefense(
	clip: ClipModel,
	classNames: readonly string[],
	config: ImageTowerConfig,
): Omit<Defense, 'name' | 'views'> {
	const shapes = tunedWeights(clip, config.lastLayers)
	const prompts = templatePrompts(clip, classNames, config.template)
	return {
		config,
		classNames,
		parameters: new Map(
			[...shapes].map(([name, shape]): [string, Parameter] => [
				`${prefix}${name}`,
				{
					shape,
					initial: () =>
						clip.readRows(
							name,
							Array.from({ length: at(shape, 0) }, (_, row) => row),
						),
				},
			]),
		),
		...promptedTowers(clip, prompts, {}, {}),
		...(config.rates ? { rateOf: rateFactors(clip.config.vision.layers, config.rates) } : {}),
		imageFeatures: (pixels, parameters, options) => ({
			...encodeImage(withParameters(clip, shapes, parameters), pixels, options ?? {}),
			tokenChanges: [],
		}),
	}
}

/** Factors on the learning rate by parameter. @param layers Blocks of the image tower. */
function rateFactors(
	layers: number,
	{ embeddings = 1, blocks = 1, projection = 1, layerDecay = 1 }: NonNullable<ImageTowerConfig['rates']>,
): (parameter: string) => number {
	return (parameter) => {
		const name = replacedWeight(parameter) ?? parameter
		const block = blockOf(name)
		if (block !== undefined) return blocks * layerDecay ** (layers - 1 - block)
		return isEmbedding(name) ? embeddings * layerDecay ** layers : projection
	}
}

/** The block that a weight is of, counted from 0; undefined for any other weight. */
function blockOf(name: string): number | undefined {
	const layer = /^vision_model\.encoder\.layers\.(\d+)\./.exec(name)?.[1]
	return layer === undefined ? undefined : Number(layer)
}

function isEmbedding(name: string): boolean {
	return /^vision_model\.(?:embeddings|pre_layrnorm)\./.test(name)
}

/** The model with parameters in place of weights. */
function withParameters(
	clip: ClipModel,
	shapes: ReadonlyMap<string, readonly number[]>,
	parameters: ParameterLookup,
): ClipModel {
	return {
		...clip,
		weights(name, shape) {
			if (!shapes.has(name)) return clip.weights(name, shape)
			const value = parameters(`${prefix}${name}`)
			return shape ? ops.reshape(value, shape) : value
		},
	}
}

/** Names and shapes of the weights to tune, in the order of the checkpoint's. */
function tunedWeights(clip: ClipModel, lastLayers: number | undefined): Map<string, readonly number[]> {
	const { layers } = clip.config.vision
	if (clip.encoders) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			'Fine-tuning changes the weights of an image tower, which a pair of ONNX encoders does not expose. Give a checkpoint.',
		)
	}
	if (lastLayers !== undefined && lastLayers > layers) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`lastLayers is ${lastLayers}, but the image tower has ${layers} layers. Give at most ${layers}, or omit it to tune the whole tower.`,
		)
	}
	const weights = towersOf(clip.config).expectedWeights(clip.config)
	const first = lastLayers === undefined ? 0 : layers - lastLayers
	const chosen = [...weights.keys()].filter((name) => {
		const block = blockOf(name)
		if (block !== undefined) return block >= first
		if (isEmbedding(name)) return lastLayers === undefined
		return name.startsWith('vision_model.') || name.startsWith('visual_projection.')
	})
	return new Map(chosen.map((name) => [name, entry(weights, name)]))
}
