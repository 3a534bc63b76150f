/**
 * R-TPT: text prompts that make the confident views of an image more confident, and a vote of all views weighted by
 * reliability.
 */

import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import { classLogits } from '../../vlm/towers.js'
import { textsOfImages } from '../class-logits.js'
import { type Defense, fixedParameters, initialParameters, type ParameterLookup } from '../defense.js'
import { prepareDefense } from '../registry.js'
import { entropies, keptViews, mostConfident } from './confident-views.js'
import { defineTestTime } from './define-test-time.js'
import { randomisedOrAbsent } from './hidden-numbers.js'
import { parametersAs, textFeaturesInGraph } from './prompt-literals.js'
import { updatedPrompts, updateOptions } from './prompt-update.js'
import { keptViewsCheck, viewOptions } from './view-options.js'
import { augmentedViews, hiddenViews } from './views.js'

const schema = z
	.strictObject({
		...viewOptions,
		...updateOptions,
		learningRate: z.number().nonnegative().default(5e-3),
		/** AdamW's decoupled decay; PyTorch's default, which the reference does not change. */
		weightDecay: z.number().nonnegative().default(0.01),
		/** Number of nearest other views whose mean similarity is a view's reliability; capped at all others. */
		neighbours: z.int().positive().default(20),
		/** Temperature of the softmax that turns reliabilities into weights. */
		temperature: z.number().positive().default(0.01),
	})
	.refine(...keptViewsCheck)
	.transform(randomisedOrAbsent)

const isTextContext = (name: string) => name.startsWith('text.context.')

/**
 * R-TPT (Sheng et al., CVPR 2025) as in its reference code: it descends, with respect to the text context, the mean entropy
 * of the share `selected` of views with the lowest entropy; then it averages the logits of all views under the new context
 * with weights softmax(r / temperature), where r is the mean cosine of a view's features to its `neighbours` nearest ones.
 *
 * The context starts from the defense's own text context, all layers of it. A defense without one (`vanilla`, `advpt-v`)
 * gets four vectors that start as "a photo of a". The image tower keeps its tuned prompts, even if they are linear maps of
 * the text context.
 *
 * Differences from the reference: views are drawn once from `seed`, not for every image, and the attacker knows them unless
 * `randomised` hides them (they are still the same for every image). They are cut from the image as the model reads it and
 * never rounded to 8 bits, which would undo small attacks. AugMix, which the reference adds on its fine-grained data sets
 * but not on ImageNet, is omitted: its operations work on 8-bit pictures and are not differentiable. A view is never its own
 * neighbour; the reference drops similarities of at least 1, which depends on rounding.
 */
export const rTpt = defineTestTime({
	name: 'r-tpt',
	doc: 'Tunes the text context on confident views of each image; all views vote, weighted by reliability.',
	source: 'Sheng et al. 2025 (R-TPT), CVPR, arXiv 2504.11195; code TomSheng21/R-TPT',
	schema,
	adapts: 'text prompts',
	attackedThrough: 'unrolled',
	needsTrainingImages: false,
	unsuited: textsOfImages,
	async prepare({ clip, defense, parameters }, config) {
		const problem = textsOfImages(defense)
		if (problem) throw new NaptuneError('NAP_INPUT_UNSUITABLE', problem)
		const own = [...defense.parameters.keys()].some(isTextContext)
		const text: Defense = own
			? defense
			: prepareDefense('coop', clip, defense.classNames, { textPrompts: 4, contextInit: 'words' })
		const textParameters = own ? parameters : fixedParameters(await initialParameters(text, config.seed))
		const names = [...text.parameters.keys()].filter(isTextContext)
		return {
			kind: 'adapter',
			...hiddenViews(clip.config.vision.imageSize, config),
			adapt(pixels, _, hidden) {
				const { type } = pixels
				const views = augmentedViews(pixels, config, hidden)
				const { features } = defense.imageFeatures(views, parametersAs(type, parameters))
				const logits = (lookup: ParameterLookup) => classLogits(clip, features, textFeaturesInGraph(text, lookup, type))
				let selected: Value | undefined
				const loss = (lookup: ParameterLookup) => {
					const all = logits(lookup)
					selected ??= mostConfident(all, keptViews(config.views, config.selected))
					return ops.reduceMean(entropies(ops.gather(all, selected, 0)))
				}
				const tuned = updatedPrompts(names, parametersAs(type, textParameters), loss, config)
				return {
					logits: ops.matmul(reliability(ops.normalizeL2(features), config), logits(tuned)),
					imageFeatures: ops.slice(features, 0, 0, 1),
				}
			},
		}
	},
})

/** Weights of views from unit features [V, E]: [1, V]. */
function reliability(unit: Value, { neighbours, temperature, views }: z.output<typeof schema>): Value {
	const others = Math.min(neighbours, views - 1)
	const cosines = ops.linear(unit, unit, null)
	// Cosines are at least -1, so values moved to -3 and below are never among the nearest.
	const apart = Float32Array.from({ length: views * views }, (_, at) => (at % (views + 1) === 0 ? -4 : 0))
	const mask = ops.cast(ops.literal({ type: 'float32', shape: [views, views], data: apart }), unit.type)
	const nearest = ops.topK(ops.add(cosines, mask), others, 1).values
	return ops.softmax(ops.unsqueeze(ops.div(ops.reduceMean(nearest, [1]), temperature), [0]))
}
