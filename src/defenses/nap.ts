/**
 * NAP: prompts in both towers at every layer plus TokenRefiners that clean the tokens between layers
 * (NAP-Tuning, equations 7, 11 and 12). Layers are counted from 0; refiners act before blocks 1 to depth - 1.
 */

import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { ops } from '../onnx/graph.js'
import { defaultTemplate } from '../vlm/class-prompts.js'
import { tokensNeeded } from '../vlm/encoders.js'
import type { ClipModel } from '../vlm/model.js'
import { towerDepths } from './both-towers.js'
import { contextPrompts, normalContext, templatePrompts, textContexts } from './context-prompts.js'
import { coupledContext, couplingParameters, ownContext } from './context-sources.js'
import type { Defense, Parameter } from './defense.js'
import { type DefenseDefinition, defineDefense } from './define-defense.js'
import { layersUpTo } from './layers.js'
import { promptedTowers, type TowerContext, type TowerRefiner } from './prompted-towers.js'
import { type RefinerOptions, refine, refinerParameters } from './token-refiner.js'
import { vanilla } from './vanilla.js'

const schema = z.strictObject({
	/**
	 * Blocks with their own prompts: one shallow context and depth - 1 deep ones. Capped at each tower's layers. With 0
	 * there are none, and the text is "a photo of a NAME.".
	 */
	promptDepth: z.int().nonnegative().default(12),
	/** Context vectors per layer of the text tower. */
	textPrompts: z.int().positive().default(16),
	/** Context vectors per layer of the image tower. With joint coupling, the number in the text tower applies. */
	visualPrompts: z.int().positive().default(16),
	/** `independent`: separate parameters in both towers (the paper); `joint`: visual = linear(text) as in MaPLe. */
	coupling: z.enum(['independent', 'joint']).default('independent'),
	/** Initial values of the shallow text context. */
	contextInit: z.enum(['normal', 'words']).default('normal'),
	/** Standard deviation of normal contexts. */
	contextDeviation: z.number().nonnegative().default(0.02),
	/**
	 * Number of first blocks in each tower that have refiners between them, capped at its layers. If missing, as many as
	 * have prompts (as in the precursor code, where refiners end with the prompts). With 0 there are none.
	 */
	refinerLayers: z.int().nonnegative().optional(),
	/** Linear layers of a refiner; 0 is no correction. */
	refinerDepth: z.int().min(0).max(8).default(2),
	/**
	 * For refiners without layers. If missing, they correct nothing; `double` adds every token to itself, as an empty module
	 * does in the precursor code, whose identity the residual adds.
	 */
	emptyRefiner: z.literal('double').optional(),
	/** Widening factor of a refiner's hidden layers. */
	refinerExpansion: z.int().positive().default(2),
	/** Initial values of the refiners' last layer. */
	refinerInit: z.enum(['torch', 'zero-last']).default('torch'),
	/** Beyond the paper: whether each token opens a gate for its own correction. */
	refinerGate: z.enum(['none', 'token']).default('none'),
	/** Beyond the paper: whether refined tokens keep their length. */
	refinerNorm: z.enum(['free', 'preserve']).default('free'),
	/** Beyond the paper: refiners per layer; their mean is the correction, and their disagreement its uncertainty. */
	refinerEnsemble: z.int().min(1).max(8).default(1),
	/** Whether to refine the first block's input, too. */
	refineFirst: z.boolean().default(false),
	/** Whether to refine image tokens. */
	visualRefiner: z.boolean().default(true),
	/** Text tokens to refine: start token and everything after the context, only the start token, or none. */
	textRefiner: z.enum(['all', 'sos', 'none']).default('all'),
})

/** Options of NAP with defaults filled in. */
export type NapConfig = z.output<typeof schema>

/** Depths that a model's layers allow. Joint coupling derives visual contexts from text contexts, so it cannot go deeper. */
function depths(clip: ClipModel, { promptDepth, coupling }: NapConfig): { text: number; visual: number } {
	const { text, visual } = towerDepths(clip, promptDepth)
	return { text, visual: coupling === 'joint' ? Math.min(visual, text) : visual }
}

/** The effective options: linear maps make one visual context from each text context, whatever number was requested. */
function effective(config: NapConfig): NapConfig {
	return config.coupling === 'joint' ? { ...config, visualPrompts: config.textPrompts } : config
}

/** Number of first blocks with refiners between them. @param prompted Those with prompts. @param layers Layers of the tower. */
function refinedDepth({ refinerLayers }: NapConfig, prompted: number, layers: number): number {
	return refinerLayers === undefined ? prompted : Math.min(refinerLayers, layers)
}

function refinedLayers(depth: number, { refineFirst, refinerDepth, emptyRefiner }: NapConfig): number[] {
	if (refinerDepth === 0 && emptyRefiner === undefined) return []
	return layersUpTo(depth).slice(refineFirst ? 0 : 1)
}

function refinesAnything({
	refinerDepth,
	refinerLayers,
	emptyRefiner,
	visualRefiner,
	textRefiner,
}: NapConfig): boolean {
	const acts = (refinerDepth > 0 || emptyRefiner !== undefined) && refinerLayers !== 0
	return acts && (visualRefiner || textRefiner !== 'none')
}

function refinerOptions(config: NapConfig): RefinerOptions {
	return {
		depth: config.refinerDepth,
		expansion: config.refinerExpansion,
		init: config.refinerInit,
		gate: config.refinerGate,
		norm: config.refinerNorm,
		ensemble: config.refinerEnsemble,
	}
}

function refiner(prefix: string, depth: number, config: NapConfig): TowerRefiner {
	return {
		layers: refinedLayers(depth, config),
		refine: (layer, tokens, parameters) =>
			config.refinerDepth === 0 && config.emptyRefiner === 'double'
				? { before: tokens, after: ops.add(tokens, tokens) }
				: refine(tokens, `${prefix}.${layer}`, refinerOptions(config), parameters),
	}
}

/** Every trainable tensor of NAP on this model, by name. */
export function napParameters(clip: ClipModel, config: NapConfig): Map<string, Parameter> {
	const depth = depths(clip, config)
	const { text, vision } = clip.config
	const { textPrompts, visualPrompts, contextDeviation } = config
	const parameters = new Map<string, Parameter>()
	const put = (entries: readonly [string, Parameter][]) => {
		for (const [name, parameter] of entries) parameters.set(name, parameter)
	}
	put(textContexts(clip, depth.text, textPrompts, config.contextInit, contextDeviation))
	for (const layer of layersUpTo(depth.visual)) {
		if (config.coupling === 'joint') {
			put(couplingParameters(layer, text.width, vision.width))
		} else {
			put([[`visual.context.${layer}`, normalContext(visualPrompts, vision.width, contextDeviation)]])
		}
	}
	const options = refinerOptions(config)
	if (config.visualRefiner) {
		for (const layer of refinedLayers(refinedDepth(config, depth.visual, vision.layers), config)) {
			put(refinerParameters(`visual.refiner.${layer}`, vision.width, options))
		}
	}
	if (config.textRefiner !== 'none') {
		for (const layer of refinedLayers(refinedDepth(config, depth.text, text.layers), config)) {
			put(refinerParameters(`text.refiner.${layer}`, text.width, options))
		}
	}
	return parameters
}

/** NAP-Tuning. */
export const nap: DefenseDefinition = defineDefense({
	name: 'nap',
	doc: 'Learns prompts in both towers at every layer and a TokenRefiner per layer and modality.',
	source:
		'NAP-Tuning: Neural Augmented Prompt Tuning for Adversarially Robust Vision-Language Models, equations 7 and 11 to 17',
	schema,
	tuning: { loss: 'clean-plus-adversarial' },
	build(clip, classNames, given) {
		const config = effective(given)
		const depth = depths(clip, config)
		const { text, vision } = clip.config
		const refined = {
			text: refinedDepth(config, depth.text, text.layers),
			visual: refinedDepth(config, depth.visual, vision.layers),
		}
		const parameters = napParameters(clip, config)
		if (vision.layers === 0) throw tokensNeeded()
		if (parameters.size === 0) {
			throw new NaptuneError(
				'NAP_OPTION_CONFLICT',
				'With promptDepth 0 and no refiners NAP has nothing to learn. Give a promptDepth, or refiners (refinerLayers and a refinerDepth of at least 1).',
			)
		}
		return {
			config,
			classNames,
			parameters,
			views: refinesAnything(config)
				? [
						{
							name: 'prompt-aware',
							hides: 'the refiners',
							defense: () => promptsAlone(clip, classNames, config),
						},
					]
				: [],
			...promptedTowers(
				clip,
				depth.text === 0
					? templatePrompts(clip, classNames, defaultTemplate)
					: contextPrompts(clip, classNames, config.textPrompts, config.contextInit),
				{
					context: depth.text === 0 ? undefined : ownContext('text', config.textPrompts, depth.text),
					refiner: config.textRefiner === 'none' ? undefined : refiner('text.refiner', refined.text, config),
					refined: config.textRefiner === 'sos' ? 'sos' : 'all',
				},
				{
					context: visualContext(config, depth.visual),
					refiner: config.visualRefiner ? refiner('visual.refiner', refined.visual, config) : undefined,
				},
			),
		}
	},
})

function visualContext({ coupling, textPrompts, visualPrompts }: NapConfig, depth: number): TowerContext | undefined {
	if (depth === 0) return undefined
	return coupling === 'joint' ? coupledContext('text', textPrompts, depth) : ownContext('visual', visualPrompts, depth)
}

/** The view of an attacker who does not know the refiners; without prompts, the original CLIP. */
function promptsAlone(clip: ClipModel, classNames: readonly string[], config: NapConfig): Defense {
	const { emptyRefiner: _, ...options } = config
	return options.promptDepth === 0
		? vanilla.prepare(clip, classNames, { templates: [defaultTemplate] })
		: nap.prepare(clip, classNames, { ...options, refinerDepth: 0 })
}
