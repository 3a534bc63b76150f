/**
 * Zero-shot prompts: the hand-written template of each data set, as CoOp's zero-shot CLIP uses them
 * (KaiyangZhou/CoOp, `trainers/zsclip.py`).
 */

import { defaultTemplate } from '../vlm/class-prompts.js'
import { benchmarks } from './benchmarks/all.js'

/** Templates by data set; `{}` stands for the class name. */
export const zeroShotTemplates: Readonly<Record<string, string>> = {
	...Object.fromEntries(benchmarks.map(({ name, template }) => [name, template ?? defaultTemplate])),
	cifar10: defaultTemplate,
	'cifar10-mini': defaultTemplate,
}

/** The template of a data set by name; the default template for anything else. */
export function zeroShotTemplate(dataset: string): string {
	return (Object.hasOwn(zeroShotTemplates, dataset) ? zeroShotTemplates[dataset] : undefined) ?? defaultTemplate
}

/** Named sets of templates whose features are averaged (prompt ensembles of Radford et al., 2021). */
export const promptEnsembles = {
	/** The seven that CLIP's authors found to work best together on ImageNet. */
	'imagenet-7': [
		'itap of a {}.',
		'a bad photo of the {}.',
		'a origami {}.',
		'a photo of the large {}.',
		'a {} in a video game.',
		'art of the {}.',
		'a photo of the small {}.',
	],
} as const satisfies Record<string, readonly string[]>
