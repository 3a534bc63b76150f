/**
 * Both towers with learned context vectors by layer and refiners between layers: the graph that all prompt-tuning methods
 * share (MaPLe's deep prompting; NAP-Tuning, equations 7 and 11). Layers are counted from 0.
 *
 * Layer 0 holds the shallow context: in the image tower after the patches, before the first layer normalization; in the text
 * tower after the start token, or first if the model has none. Before every further layer below `depth`, the layer's own
 * context replaces the previous one; from `depth` on, the processed context stays.
 */

import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import { tokensNeeded } from '../vlm/encoders.js'
import type { ClipModel } from '../vlm/model.js'
import { encodeImage, encodeText, towersOf } from '../vlm/towers.js'
import { tokenCount } from '../vlm/transformer.js'
import type { Defense, ImageFeatures, LayerLayout, ParameterLookup, PromptRows, TokenChange } from './defense.js'

/** The learned context of one tower. */
export interface TowerContext {
	/** Vectors per layer. */
	readonly count: number
	/** Layers with their own context, from the first on; at least 1. */
	readonly depth: number
	/** The context of a layer, [count, width]. @param layer Below `depth`. */
	context(layer: number, parameters: ParameterLookup): Value
}

/** Cleans tokens before a block. */
export interface TowerRefiner {
	readonly layers: readonly number[]
	/** Tokens [B, N, width] before and after; see {@link TokenChange}. */
	refine(layer: number, tokens: Value, parameters: ParameterLookup): Omit<TokenChange, 'layer'>
}

/** What a method does in one tower; nothing if both are missing. */
export interface PromptedTower {
	readonly context?: TowerContext | undefined
	readonly refiner?: TowerRefiner | undefined
}

/** In the text tower, a refiner may act on the start token alone. */
export interface PromptedTextTower extends PromptedTower {
	readonly refined?: 'all' | 'sos'
}

/** The graphs of a prompt-tuned CLIP. */
export function promptedTowers(
	clip: ClipModel,
	prompts: PromptRows,
	text: PromptedTextTower,
	image: PromptedTower,
): Pick<Defense, 'prompts' | 'layout' | 'textFeatures' | 'imageFeatures'> {
	const { imageTokens, startTokens, blocks } = towersOf(clip.config)
	const acts = [image.context, image.refiner, text.refiner].some((part) => part !== undefined)
	if (!blocks && (acts || (text.context && text.context.depth !== 1))) throw tokensNeeded()
	if (text.refiner && text.refined === 'sos' && startTokens === 0) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			"The options refine only the start token of texts, but this model's texts have none. Refine all tokens, or none.",
		)
	}
	return {
		prompts,
		layout: {
			text: layout(clip.config.text.layers, prompts.length - (text.context?.count ?? 0), text),
			image: layout(clip.config.vision.layers, imageTokens(clip.config.vision), image),
		},
		textFeatures: (ids, endPosition, parameters) => textFeatures(clip, text, ids, endPosition, parameters),
		imageFeatures: (pixels, parameters, options) => imageFeatures(clip, image, pixels, parameters, options ?? {}),
	}
}

function layout(layers: number, tokens: number, { context, refiner }: PromptedTower): LayerLayout[] {
	return Array.from({ length: layers }, (_, layer) => ({
		tokens,
		prompts: context?.count ?? 0,
		ownPrompts: context !== undefined && layer < context.depth,
		changed: refiner?.layers.includes(layer) ?? false,
	}))
}

function imageFeatures(
	clip: ClipModel,
	{ context, refiner }: PromptedTower,
	pixels: Value,
	parameters: ParameterLookup,
	options: { readonly allTokens?: boolean },
): ImageFeatures {
	const kept = towersOf(clip.config).imageTokens(clip.config.vision)
	const tokenChanges: TokenChange[] = []
	const output = encodeImage(clip, pixels, {
		...options,
		...defined({
			beforePreNorm: context
				? (tokens: Value) => ops.concat([tokens, ops.repeatForBatch(context.context(0, parameters), tokens)], 1)
				: undefined,
		}),
		beforeLayer: (layer, tokens) => {
			const refines = refiner?.layers.includes(layer) ? refiner : undefined
			const replaces = context !== undefined && layer > 0 && layer < context.depth
			if (!refines && !replaces) return tokens
			const own = context ? ops.slice(tokens, 1, 0, kept) : tokens
			let cleaned = own
			if (refines) {
				const change = { layer, ...refines.refine(layer, own, parameters) }
				tokenChanges.push(change)
				cleaned = change.after
			}
			if (!context) return cleaned
			const vectors = replaces
				? ops.repeatForBatch(context.context(layer, parameters), tokens)
				: ops.slice(tokens, 1, kept, tokenCount(tokens))
			return ops.concat([cleaned, vectors], 1)
		},
	})
	return { ...output, tokenChanges }
}

function textFeatures(
	clip: ClipModel,
	{ context, refiner, refined = 'all' }: PromptedTextTower,
	ids: Value,
	endPosition: Value,
	parameters: ParameterLookup,
): Value {
	const { startTokens } = towersOf(clip.config)
	const change = (layer: number) => (kept: Value) => {
		if (!refiner?.layers.includes(layer)) return kept
		if (refined === 'all') return refiner.refine(layer, kept, parameters).after
		const start = refiner.refine(layer, ops.slice(kept, 1, 0, 1), parameters).after
		return ops.concat([start, ops.slice(kept, 1, 1, tokenCount(kept))], 1)
	}
	const { features } = encodeText(clip, ids, endPosition, {
		...defined({
			beforePositions: context
				? (tokens: Value) =>
						replaceTextContext(tokens, startTokens, context.count, context.context(0, parameters), (kept) => kept)
				: undefined,
		}),
		beforeLayer: (layer, tokens) => {
			const refines = refiner?.layers.includes(layer) ?? false
			const replaces = context !== undefined && layer > 0 && layer < context.depth
			if (!refines && !replaces) return tokens
			if (!context) return change(layer)(tokens)
			const own = replaces ? context.context(layer, parameters) : undefined
			return replaceTextContext(tokens, startTokens, context.count, own, change(layer))
		},
	})
	return ops.normalizeL2(features)
}

/**
 * [start | context | suffix] with a new context and changed other tokens.
 * @param starts Start tokens: 1, or 0 for a text that begins with the context.
 * @param context [n, d]; if undefined, the tokens' own context stays.
 * @param change Acts on start token and suffix together, [R, T - n, d].
 */
function replaceTextContext(
	tokens: Value,
	starts: number,
	count: number,
	context: Value | undefined,
	change: (kept: Value) => Value,
): Value {
	const length = tokenCount(tokens)
	if (starts === 0) {
		const suffix = change(ops.slice(tokens, 1, count, length))
		return ops.concat([context ? ops.repeatForBatch(context, tokens) : ops.slice(tokens, 1, 0, count), suffix], 1)
	}
	const start = ops.slice(tokens, 1, 0, 1)
	const suffix = ops.slice(tokens, 1, 1 + count, length)
	const changed = change(ops.concat([start, suffix], 1))
	const middle = context ? ops.repeatForBatch(context, tokens) : ops.slice(tokens, 1, 1, 1 + count)
	return ops.concat([ops.slice(changed, 1, 0, 1), middle, ops.slice(changed, 1, 1, length - count)], 1)
}
