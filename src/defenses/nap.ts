/**
 * NAP: prompts in both towers at every layer plus TokenRefiners that clean the tokens between layers
 * (NAP-Tuning, equations 7, 11 and 12). Layers are counted from 0; refiners act before blocks 1 to depth - 1.
 */

import { z } from 'zod'
import { imageTower, patchCount } from '../clip/image-tower.js'
import type { ClipModel } from '../clip/model.js'
import { textTower } from '../clip/text-tower.js'
import { tokenCount } from '../clip/transformer.js'
import { ops } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'
import { contextPrompts, normalContext, wordsContext } from './context-prompts.js'
import type { DefenseDefinition, Parameter, ParameterLookup } from './defense.js'
import { linearParameters, type RefinerOptions, refine, refinerParameters } from './token-refiner.js'

const schema = z.strictObject({
	/** Blocks with prompts of their own: one shallow context and depth - 1 deep ones. Capped at each tower's layers. */
	promptDepth: z.int().positive().default(12),
	/** Context vectors per layer of the text tower. */
	textPrompts: z.int().positive().default(16),
	/** Context vectors per layer of the image tower. */
	visualPrompts: z.int().positive().default(16),
	/** `independent`: parameters of their own in both towers (the paper); `joint`: visual = linear(text) as in MaPLe. */
	coupling: z.enum(['independent', 'joint']).default('independent'),
	/** Start of the shallow text context. */
	contextInit: z.enum(['normal', 'words']).default('normal'),
	/** Standard deviation of normal contexts. */
	contextDeviation: z.number().nonnegative().default(0.02),
	/** Linear layers of a refiner; 0 is no correction. */
	refinerDepth: z.int().min(0).max(8).default(2),
	/** Widening factor of a refiner's hidden layers. */
	refinerExpansion: z.int().positive().default(2),
	/** Start of the refiners' last layer. */
	refinerInit: z.enum(['torch', 'zero-last']).default('torch'),
	/** Whether the first block's input is refined, too. */
	refineFirst: z.boolean().default(false),
	/** Whether image tokens are refined. */
	visualRefiner: z.boolean().default(true),
	/** Which text tokens are refined: start token and everything after the context, the start token only, or none. */
	textRefiner: z.enum(['all', 'sos', 'none']).default('all'),
})

/** Options of NAP with defaults filled in. */
export type NapConfig = z.output<typeof schema>

/** Depths that a model's layers allow. Joint coupling derives visual contexts from text ones, so it cannot go deeper. */
function depths({ config }: ClipModel, { promptDepth, coupling }: NapConfig): { text: number; visual: number } {
	const text = Math.min(promptDepth, config.text.layers)
	const visual = Math.min(promptDepth, config.vision.layers)
	return { text, visual: coupling === 'joint' ? Math.min(visual, text) : visual }
}

function refinedLayers(depth: number, { refineFirst, refinerDepth }: NapConfig): number[] {
	if (refinerDepth === 0) return []
	const first = refineFirst ? 0 : 1
	return Array.from({ length: Math.max(0, depth - first) }, (_, index) => index + first)
}

function refinerOptions({ refinerDepth, refinerExpansion, refinerInit }: NapConfig): RefinerOptions {
	return { depth: refinerDepth, expansion: refinerExpansion, init: refinerInit }
}

/** Every trainable tensor of NAP on this model, by name. */
export function napParameters(clip: ClipModel, config: NapConfig): Map<string, Parameter> {
	const depth = depths(clip, config)
	const { text, vision } = clip.config
	const { textPrompts, visualPrompts, contextDeviation } = config
	const layers = (count: number) => Array.from({ length: count }, (_, layer) => layer)
	const parameters = new Map<string, Parameter>()
	const put = (entries: readonly [string, Parameter][]) => {
		for (const [name, parameter] of entries) parameters.set(name, parameter)
	}
	put(
		layers(depth.text).map((layer) => [
			`text.context.${layer}`,
			layer === 0 && config.contextInit === 'words'
				? wordsContext(clip, textPrompts)
				: normalContext(textPrompts, text.width, contextDeviation),
		]),
	)
	for (const layer of layers(depth.visual)) {
		if (config.coupling === 'joint') {
			// MaPLe clones one module for the deep layers, so that they start equal.
			const stream = layer === 0 ? 'coupling.shallow' : 'coupling.deep'
			put(linearParameters(`coupling.${layer}`, text.width, vision.width, false, stream))
		} else {
			put([[`visual.context.${layer}`, normalContext(visualPrompts, vision.width, contextDeviation)]])
		}
	}
	const options = refinerOptions(config)
	if (config.visualRefiner) {
		for (const layer of refinedLayers(depth.visual, config)) {
			put(refinerParameters(`visual.refiner.${layer}`, vision.width, options))
		}
	}
	if (config.textRefiner !== 'none') {
		for (const layer of refinedLayers(depth.text, config)) {
			put(refinerParameters(`text.refiner.${layer}`, text.width, options))
		}
	}
	return parameters
}

/** NAP-Tuning. */
export const nap: DefenseDefinition<typeof schema> = {
	name: 'nap',
	doc: 'Learns prompts in both towers at every layer and a TokenRefiner per layer and modality.',
	source:
		'NAP-Tuning: Neural Augmented Prompt Tuning for Adversarially Robust Vision-Language Models, equations 7 and 11 to 17',
	schema,
	prepare(clip, classNames, config) {
		const depth = depths(clip, config)
		return {
			name: 'nap',
			config,
			classNames,
			parameters: napParameters(clip, config),
			prompts: contextPrompts(clip, classNames, config.textPrompts),
			textFeatures: (ids, endPosition, parameters) => {
				const { features } = textTower(ids, endPosition, clip.config.text, clip.weights, {
					beforePositions: (tokens) =>
						replaceTextContext(tokens, parameters('text.context.0'), config.textPrompts, (kept) => kept),
					beforeLayer: (layer, tokens) => promptText(layer, tokens, depth.text, config, parameters),
				})
				return ops.normalizeL2(features)
			},
			imageFeatures: (pixels, parameters, options) =>
				imageTower(pixels, clip.config.vision, clip.statistics, clip.weights, {
					...options,
					beforePreNorm: (tokens) =>
						ops.concat([tokens, ops.repeatForBatch(visualContext(0, config, parameters), tokens)], 1),
					beforeLayer: (layer, tokens) =>
						promptImage(layer, tokens, 1 + patchCount(clip.config.vision), depth.visual, config, parameters),
				}),
		}
	},
}

function visualContext(layer: number, { coupling }: NapConfig, parameters: ParameterLookup): Value {
	if (coupling === 'independent') return parameters(`visual.context.${layer}`)
	return ops.linear(
		parameters(`text.context.${layer}`),
		parameters(`coupling.${layer}.weight`),
		parameters(`coupling.${layer}.bias`),
	)
}

/** Before an image block: class and patch tokens are refined, the context is replaced by the layer's own. */
function promptImage(
	layer: number,
	tokens: Value,
	kept: number,
	depth: number,
	config: NapConfig,
	parameters: ParameterLookup,
): Value {
	const refined = config.visualRefiner && refinedLayers(depth, config).includes(layer)
	const replaced = layer > 0 && layer < depth
	if (!refined && !replaced) return tokens
	const own = ops.slice(tokens, 1, 0, kept)
	const context = replaced
		? ops.repeatForBatch(visualContext(layer, config, parameters), tokens)
		: ops.slice(tokens, 1, kept, tokenCount(tokens))
	const cleaned = refined ? refine(own, `visual.refiner.${layer}`, refinerOptions(config), parameters) : own
	return ops.concat([cleaned, context], 1)
}

/** Before a text block: start token and suffix are refined, positions 1 to n are replaced by the layer's own context. */
function promptText(
	layer: number,
	tokens: Value,
	depth: number,
	config: NapConfig,
	parameters: ParameterLookup,
): Value {
	const refined = config.textRefiner !== 'none' && refinedLayers(depth, config).includes(layer)
	const replaced = layer > 0 && layer < depth
	if (!refined && !replaced) return tokens
	const context = replaced ? parameters(`text.context.${layer}`) : undefined
	return replaceTextContext(tokens, context, config.textPrompts, (kept) => {
		if (!refined) return kept
		const prefix = `text.refiner.${layer}`
		const options = refinerOptions(config)
		if (config.textRefiner === 'all') return refine(kept, prefix, options, parameters)
		const start = refine(ops.slice(kept, 1, 0, 1), prefix, options, parameters)
		return ops.concat([start, ops.slice(kept, 1, 1, tokenCount(kept))], 1)
	})
}

/**
 * [start | context | suffix] with another context and changed other tokens.
 * @param context [n, d]; the tokens' own context stays when it is undefined.
 * @param change Acts on start token and suffix together, [R, T - n, d].
 */
function replaceTextContext(
	tokens: Value,
	context: Value | undefined,
	count: number,
	change: (kept: Value) => Value,
): Value {
	const length = tokenCount(tokens)
	const start = ops.slice(tokens, 1, 0, 1)
	const suffix = ops.slice(tokens, 1, 1 + count, length)
	const changed = change(ops.concat([start, suffix], 1))
	const middle = context ? ops.repeatForBatch(context, tokens) : ops.slice(tokens, 1, 1, 1 + count)
	return ops.concat([ops.slice(changed, 1, 0, 1), middle, ops.slice(changed, 1, 1, length - count)], 1)
}
