/**
 * Zero-shot prompts: the hand-written template of each data set, as CoOp's zero-shot CLIP uses them
 * (KaiyangZhou/CoOp, `trainers/zsclip.py`).
 */

import { defaultTemplate } from '../vlm/class-prompts.js'

/** Template by data set; `{}` stands for the class name. */
export const zeroShotTemplates = {
	imagenet: defaultTemplate,
	'imagenet-1000': defaultTemplate,
	caltech101: defaultTemplate,
	'stanford-cars': defaultTemplate,
	sun397: defaultTemplate,
	'oxford-pets': 'a photo of a {}, a type of pet.',
	'oxford-flowers': 'a photo of a {}, a type of flower.',
	'fgvc-aircraft': 'a photo of a {}, a type of aircraft.',
	food101: 'a photo of {}, a type of food.',
	dtd: '{} texture.',
	eurosat: 'a centered satellite photo of {}.',
	ucf101: 'a photo of a person doing {}.',
	cifar10: defaultTemplate,
	'cifar10-mini': defaultTemplate,
} as const satisfies Record<string, string>

/** A data set that has a template of its own. */
export type TemplatedDataset = keyof typeof zeroShotTemplates

/** The template of a data set by its name; the default one for anything else. */
export function zeroShotTemplate(dataset: string): string {
	return Object.hasOwn(zeroShotTemplates, dataset) ? zeroShotTemplates[dataset as TemplatedDataset] : defaultTemplate
}

/** Named sets of templates whose features are averaged (prompt ensembles of Radford et al., 2021). */
export const promptEnsembles = {
	/** The seven that CLIP's authors found to do best together on ImageNet. */
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
