/** AdvPT-VLJ: deep text prompts, and visual prompts that are linear maps of them (MaPLe's coupling). */

import { type BothTowersConfig, bothTowersSchema, towerDepths } from './both-towers.js'
import { contextPrompts, textContexts } from './context-prompts.js'
import { coupledContext, couplingParameters, ownContext } from './context-sources.js'
import type { Parameter } from './defense.js'
import { defineDefense } from './define-defense.js'
import { layersUpTo } from './layers.js'
import { promptedTowers } from './prompted-towers.js'

/** AdvPT-VLJ. */
export const advptVlj = defineDefense({
	name: 'advpt-vlj',
	doc: 'Learns deep text prompts and a linear map from each to the visual ones.',
	source: 'NAP-Tuning, section III-B; Khattak et al. 2023 (MaPLe)',
	schema: bothTowersSchema,
	tuning: { loss: 'half-and-half' },
	build(clip, classNames, config: BothTowersConfig) {
		const { prompts, contextInit, contextDeviation } = config
		const { text, vision } = clip.config
		const depth = towerDepths(clip, config.promptDepth)
		// Each visual context comes from the text context of its layer.
		const visualDepth = Math.min(depth.text, depth.visual)
		const parameters = new Map<string, Parameter>([
			...textContexts(clip, depth.text, prompts, contextInit, contextDeviation),
			...layersUpTo(visualDepth).flatMap((layer) => couplingParameters(layer, text.width, vision.width)),
		])
		return {
			config,
			classNames,
			parameters,
			...promptedTowers(
				clip,
				contextPrompts(clip, classNames, prompts, contextInit),
				{ context: ownContext('text', prompts, depth.text) },
				{ context: coupledContext('text', prompts, visualDepth) },
			),
		}
	},
})
