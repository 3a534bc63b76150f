/** AdvPT-V: deep visual prompts under a fixed text template. */

import { z } from 'zod'
import { defaultTemplate } from '../vlm/class-prompts.js'
import { normalContext, templatePrompts } from './context-prompts.js'
import { ownContext } from './context-sources.js'
import { defineDefense } from './define-defense.js'
import { layersUpTo } from './layers.js'
import { promptedTowers } from './prompted-towers.js'

const schema = z.strictObject({
	/** Layers with their own prompts; capped at the tower's layers. */
	promptDepth: z.int().positive().default(9),
	/** Context vectors per layer. */
	visualPrompts: z.int().positive().default(2),
	/** Standard deviation of the initial values. */
	contextDeviation: z.number().nonnegative().default(0.02),
	/** The fixed text; `{}` stands for the class name. */
	template: z.string().default(defaultTemplate),
})

/** AdvPT-V. */
export const advptV = defineDefense({
	name: 'advpt-v',
	doc: 'Learns deep visual prompts; the text is a fixed template.',
	source: 'NAP-Tuning, section III-B; Jia et al. 2022 (deep visual prompts, VPT)',
	schema,
	tuning: { loss: 'half-and-half' },
	build(clip, classNames, config) {
		const { visualPrompts, contextDeviation, template } = config
		const { width, layers } = clip.config.vision
		const depth = Math.min(config.promptDepth, layers)
		return {
			config,
			classNames,
			parameters: new Map(
				layersUpTo(depth).map((layer) => [
					`visual.context.${layer}`,
					normalContext(visualPrompts, width, contextDeviation),
				]),
			),
			...promptedTowers(
				clip,
				templatePrompts(clip, classNames, template),
				{},
				{ context: ownContext('visual', visualPrompts, depth) },
			),
		}
	},
})
