/** Vanilla: zero-shot CLIP with hand-written templates. It learns nothing and is the control of every table. */

import { z } from 'zod'
import { imageTower } from '../clip/image-tower.js'
import { classPrompts, defaultTemplate } from '../clip/templates.js'
import { textTower } from '../clip/text-tower.js'
import { ops } from '../onnx/index.js'
import type { DefenseDefinition, PromptRows } from './defense.js'

const schema = z.strictObject({
	/** Templates with `{}` for the class name; several make a prompt ensemble (mean of unit vectors). */
	templates: z.array(z.string()).min(1).default([defaultTemplate]),
})

/** Zero-shot CLIP (Radford et al., 2021; templates as in CoOp). */
export const vanilla: DefenseDefinition<typeof schema> = {
	name: 'vanilla',
	doc: 'Learns nothing: zero-shot CLIP with hand-written templates.',
	source: 'Radford et al. 2021; templates of Zhou et al. 2022 (CoOp)',
	schema,
	prepare(clip, classNames, config) {
		const { tokenizer, weights } = clip
		const perTemplate = config.templates.map((template) => classPrompts(classNames, template).prompts)
		const texts = classNames.flatMap((_, index) => perTemplate.map((prompts) => prompts[index]!))
		const { ids, endPositions, count, length } = tokenizer.encodeBatch(texts, clip.config.text)
		const prompts: PromptRows = { ids, endPositions, rows: count, length, promptsPerClass: config.templates.length }
		return {
			name: 'vanilla',
			config,
			classNames,
			parameters: new Map(),
			prompts,
			textFeatures(ids, endPosition) {
				const { features } = textTower(ids, endPosition, clip.config.text, weights)
				const unit = ops.normalizeL2(features)
				if (prompts.promptsPerClass === 1) return unit
				const grouped = ops.reshape(unit, [-1, prompts.promptsPerClass, clip.config.projectionDimension])
				return ops.normalizeL2(ops.reduceMean(grouped, [1]))
			},
			imageFeatures: (pixels, _, options) =>
				imageTower(pixels, clip.config.vision, clip.statistics, weights, options ?? {}),
		}
	},
}
