/** Vanilla: zero-shot CLIP with hand-written templates. It learns nothing and is the control in every table. */

import { z } from 'zod'
import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { promptEnsembles } from '../data/templates.js'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import { classPrompts, defaultTemplate } from '../vlm/class-prompts.js'
import type { ClipModel } from '../vlm/model.js'
import { encodeText } from '../vlm/towers.js'
import type { PromptRows } from './defense.js'
import { defineDefense } from './define-defense.js'
import { promptedTowers } from './prompted-towers.js'

const wanted = `give at least one template, or the name of an ensemble: ${Object.keys(promptEnsembles).join(', ')}`

const schema = z.strictObject({
	/**
	 * Templates with `{}` for the class name; several form a prompt ensemble (mean of unit vectors). Or the name of an
	 * ensemble. Commands pass the template of the data set.
	 */
	templates: z
		.union(
			[
				z.array(z.string()).min(1),
				z
					.enum(Object.keys(promptEnsembles) as (keyof typeof promptEnsembles)[], { error: wanted })
					.transform((name) => [...promptEnsembles[name]]),
			],
			{ error: wanted },
		)
		.default([defaultTemplate]),
})

/** Zero-shot CLIP (Radford et al., 2021; templates as in CoOp). */
export const vanilla = defineDefense({
	name: 'vanilla',
	doc: 'Learns nothing: zero-shot CLIP with hand-written templates.',
	source: 'Radford et al. 2021; templates of Zhou et al. 2022 (CoOp)',
	schema,
	build(clip, classNames, config) {
		if (clip.classFeatures) return fixedTexts(clip, clip.classFeatures, classNames, config)
		const { tokenizer } = clip
		const perTemplate = config.templates.map((template) => classPrompts(classNames, template).prompts)
		const texts = classNames.flatMap((_, index) => perTemplate.map((prompts) => at(prompts, index)))
		const { ids, endPositions, count, length } = tokenizer.encodeBatch(texts, clip.config.text)
		const prompts: PromptRows = { ids, endPositions, rows: count, length, promptsPerClass: config.templates.length }
		return {
			config,
			classNames,
			parameters: new Map(),
			...promptedTowers(clip, prompts, {}, {}),
			textFeatures(ids, endPosition) {
				const { features } = encodeText(clip, ids, endPosition)
				const unit = ops.normalizeL2(features)
				if (prompts.promptsPerClass === 1) return unit
				const grouped = ops.reshape(unit, [-1, prompts.promptsPerClass, clip.config.projectionDimension])
				return ops.normalizeL2(ops.reduceMean(grouped, [1]))
			},
		}
	},
})

/** Text features supplied with the model: the prompt of a class is one token, its position among them. */
function fixedTexts(
	clip: ClipModel,
	{ classNames: known, features }: NonNullable<ClipModel['classFeatures']>,
	classNames: readonly string[],
	config: z.output<typeof schema>,
) {
	const missing = classNames.filter((name) => !known.includes(name))
	if (missing.length > 0) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The text features cover ${known.length} classes (${known.slice(0, 10).join(', ')}…), without ${missing.slice(0, 10).join(', ')}. Give features for all classes of the data, under the same names.`,
		)
	}
	const rows = classNames.length
	const prompts: PromptRows = {
		ids: BigInt64Array.from(classNames, (name) => BigInt(known.indexOf(name))),
		endPositions: new Int32Array(rows),
		rows,
		length: 1,
		promptsPerClass: 1,
	}
	return {
		config,
		classNames,
		parameters: new Map(),
		...promptedTowers(clip, prompts, {}, {}),
		textFeatures: (ids: Value) => {
			const chosen = ops.gather(ops.literal(features), ops.reshape(ids, [-1]), 0)
			return ops.normalizeL2(chosen)
		},
	}
}
