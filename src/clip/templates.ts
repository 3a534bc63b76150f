/**
 * Zero-shot prompts: the hand-written template of each data set, as CoOp's zero-shot CLIP uses them
 * (KaiyangZhou/CoOp, `trainers/zsclip.py`).
 */

import { NaptuneError } from '../errors.js'

/** The template for anything that is not listed. */
export const defaultTemplate = 'a photo of a {}.'

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

/** Prompts of a list of classes. */
export interface ClassPrompts {
	/** One prompt per class, in the order of the classes. */
	readonly prompts: readonly string[]
	/**
	 * Groups of classes (by position) whose prompts are the same, such as the two "missile" of ImageNet. Their logits are
	 * always equal, so the lowest position wins and the others can never be predicted.
	 */
	readonly duplicates: readonly (readonly number[])[]
}

/** A class name as it stands in a prompt: underscores become spaces. */
export function spokenName(className: string): string {
	return className.replaceAll('_', ' ')
}

/**
 * Builds one prompt per class.
 * @param classNames As the data set has them, underscores included.
 * @param template Holds `{}` where the name goes.
 * @throws NaptuneError when the template has no `{}`, or a name is empty.
 */
export function classPrompts(classNames: readonly string[], template: string = defaultTemplate): ClassPrompts {
	if (!template.includes('{}')) {
		throw new NaptuneError(
			`The template ${JSON.stringify(template)} has no {} for the class name, so all classes would read the same. Write for example ${JSON.stringify(defaultTemplate)}.`,
		)
	}
	const positions = new Map<string, number[]>()
	const prompts = classNames.map((className, position) => {
		const name = spokenName(className)
		if (name.trim() === '') {
			throw new NaptuneError(
				`Class ${position} has the empty name ${JSON.stringify(className)}. Give every class a name.`,
			)
		}
		const prompt = template.replaceAll('{}', () => name)
		const group = positions.get(prompt)
		if (group) group.push(position)
		else positions.set(prompt, [position])
		return prompt
	})
	return { prompts, duplicates: [...positions.values()].filter((group) => group.length > 1) }
}
