/**
 * FAP: prompts in both towers, coupled at the input from text to image and at every deeper layer from image to text,
 * tuned by a consistency of clean and adversarial predictions that weighs more where features agree.
 */

import { type BothTowersConfig, bothTowersSchema, towerDepths } from './both-towers.js'
import { contextPrompts, normalContext, textContext } from './context-prompts.js'
import { coupled, couplingParameters } from './context-sources.js'
import type { Parameter } from './defense.js'
import { defineDefense } from './define-defense.js'
import { layersUpTo } from './layers.js'
import { promptedTowers } from './prompted-towers.js'

/** FAP (Zhou et al., 2024), without the reference's literal `{}` in the initial words. */
export const fap = defineDefense({
	name: 'fap',
	doc: 'Learns a shallow text context and deep visual prompts, each coupled to the other tower by a linear map.',
	source: 'Zhou et al. 2024 (Few-Shot Adversarial Prompt Learning, FAP)',
	schema: bothTowersSchema,
	tuning: {
		loss: 'fap',
		alpha: { kind: 'constant', alpha: 1.5 },
		attack: { objective: 'kl-to-clean', start: 'uniform' },
		augmentation: 'none',
	},
	build(clip, classNames, config: BothTowersConfig) {
		const { prompts, contextInit, contextDeviation } = config
		const { text, vision } = clip.config
		const depths = towerDepths(clip, config.promptDepth)
		// Each layer's context comes from the other tower's at that layer, so both towers go equally deep.
		const depth = Math.min(depths.text, depths.visual)
		const deep = layersUpTo(depth).slice(1)
		const parameters = new Map<string, Parameter>([
			['text.context.0', textContext(clip, prompts, contextInit, contextDeviation)],
			...deep.map((layer): [string, Parameter] => [
				`visual.context.${layer}`,
				normalContext(prompts, vision.width, contextDeviation),
			]),
			...couplingParameters(0, text.width, vision.width),
			...deep.flatMap((layer) => couplingParameters(layer, vision.width, text.width)),
		])
		return {
			config,
			classNames,
			parameters,
			...promptedTowers(
				clip,
				contextPrompts(clip, classNames, prompts, contextInit),
				{
					context: {
						count: prompts,
						depth,
						context: (layer, lookup) => (layer === 0 ? lookup('text.context.0') : coupled('visual', layer, lookup)),
					},
				},
				{
					context: {
						count: prompts,
						depth,
						context: (layer, lookup) => (layer === 0 ? coupled('text', 0, lookup) : lookup(`visual.context.${layer}`)),
					},
				},
			),
		}
	},
})
