/** CoCoOp: a text context that a small network shifts for every image, tuned on clean images. A control, as CoOp is. */

import { z } from 'zod'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import type { ClipModel } from '../vlm/model.js'
import { encodeText, towersOf } from '../vlm/towers.js'
import { contextPrompts, textContext } from './context-prompts.js'
import { ownContext } from './context-sources.js'
import type { ParameterLookup, PromptRows } from './defense.js'
import { defineDefense } from './define-defense.js'
import { promptEnds, promptIds } from './prompt-inputs.js'
import { promptedTowers } from './prompted-towers.js'
import { linearParameters } from './token-refiner.js'

const schema = z.strictObject({
	/** Context vectors, one set for all classes, before the class name. */
	textPrompts: z.int().positive().default(4),
	/** Start of the context: the embeddings of "a photo of a" (at most 4 vectors), or normal. */
	contextInit: z.enum(['normal', 'words']).default('words'),
	/** Standard deviation of a normal start. */
	contextDeviation: z.number().nonnegative().default(0.02),
	/** How many times narrower than the image features the network's hidden layer is. */
	reduction: z.int().positive().default(16),
})

/** CoCoOp (Zhou et al., 2022). */
export const cocoop = defineDefense({
	name: 'cocoop',
	doc: 'Learns a text context and a network that shifts it for every image, on clean images; a control.',
	source: 'Zhou et al. 2022 (CoCoOp), arXiv 2203.05557; KaiyangZhou/CoOp',
	schema,
	tuning: { loss: 'clean' },
	build(clip, classNames, { textPrompts, contextInit, contextDeviation, ...rest }) {
		const { projectionDimension, text } = clip.config
		const hidden = Math.max(1, Math.floor(projectionDimension / rest.reduction))
		const prompts = contextPrompts(clip, classNames, textPrompts, contextInit)
		return {
			config: { textPrompts, contextInit, contextDeviation, ...rest },
			classNames,
			parameters: new Map([
				['text.context.0', textContext(clip, textPrompts, contextInit, contextDeviation)],
				...linearParameters('meta.linear1', projectionDimension, hidden),
				...linearParameters('meta.linear2', hidden, text.width),
			]),
			...promptedTowers(clip, prompts, { context: ownContext('text', textPrompts, 1) }, {}),
			textFeaturesOfImages: (features, parameters) =>
				textFeaturesOfImages(clip, prompts, textPrompts, features, parameters),
		}
	},
})

/**
 * Unit text features of every image.
 * @param features [B, E] of the images, not normalised; the network reads them at unit length.
 * @returns [B, C, E].
 */
function textFeaturesOfImages(
	clip: ClipModel,
	prompts: PromptRows,
	count: number,
	features: Value,
	parameters: ParameterLookup,
): Value {
	const { rows: classes, length } = prompts
	const { width } = clip.config.text
	const layer = (x: Value, name: string) => ops.linear(x, parameters(`${name}.weight`), parameters(`${name}.bias`))
	const shift = layer(ops.relu(layer(ops.normalizeL2(features), 'meta.linear1')), 'meta.linear2')
	// [B, 1, n, d]: the same for all classes of an image.
	const context = ops.unsqueeze(
		ops.add(ops.unsqueeze(parameters('text.context.0'), [0]), ops.unsqueeze(shift, [1])),
		[1],
	)
	const { startTokens } = towersOf(clip.config)
	const { features: texts } = encodeText(
		clip,
		promptIds(prompts),
		ops.reshape(ops.repeatForBatch(ops.cast(promptEnds(prompts), features.type), features), [-1, length]),
		{
			beforePositions(tokens) {
				const every = ops.repeatForBatch(tokens, features)
				const part = (from: number, to: number) => ops.slice(every, 2, from, to)
				const middle = ops.add(ops.mul(part(startTokens, startTokens + count), 0), context)
				const parts = [...(startTokens > 0 ? [part(0, startTokens)] : []), middle, part(startTokens + count, length)]
				return ops.reshape(ops.concat(parts, 2), [-1, length, width])
			},
		},
	)
	return ops.reshape(ops.normalizeL2(texts), [-1, classes, clip.config.projectionDimension])
}
