/** AdvPT-VLI: independent deep prompts in both towers. */

import { type BothTowersConfig, bothTowersSchema, towerDepths } from './both-towers.js'
import { contextPrompts, normalContext, textContexts } from './context-prompts.js'
import { ownContext } from './context-sources.js'
import type { Parameter } from './defense.js'
import { defineDefense } from './define-defense.js'
import { layersUpTo } from './layers.js'
import { promptedTowers } from './prompted-towers.js'

/** AdvPT-VLI. */
export const advptVli = defineDefense({
	name: 'advpt-vli',
	doc: 'Learns independent deep prompts in both towers.',
	source: 'NAP-Tuning, section III-B; Khattak et al. 2023 (independent vision-language prompts of MaPLe)',
	schema: bothTowersSchema,
	tuning: { loss: 'half-and-half' },
	build(clip, classNames, config: BothTowersConfig) {
		const { prompts, contextInit, contextDeviation } = config
		const { width } = clip.config.vision
		const depth = towerDepths(clip, config.promptDepth)
		const parameters = new Map<string, Parameter>([
			...textContexts(clip, depth.text, prompts, contextInit, contextDeviation),
			...layersUpTo(depth.visual).map((layer): [string, Parameter] => [
				`visual.context.${layer}`,
				normalContext(prompts, width, contextDeviation),
			]),
		])
		return {
			config,
			classNames,
			parameters,
			...promptedTowers(
				clip,
				contextPrompts(clip, classNames, prompts, contextInit),
				{ context: ownContext('text', prompts, depth.text) },
				{ context: ownContext('visual', prompts, depth.visual) },
			),
		}
	},
})
