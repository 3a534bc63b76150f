/** Class names as prompts. */

import { NaptuneError } from '../core/errors.js'

/** The default template of class prompts. */
export const defaultTemplate = 'a photo of a {}.'

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
			'NAP_OPTION_INVALID',
			`The template ${JSON.stringify(template)} has no {} for the class name, so all classes would read the same. Use for example ${JSON.stringify(defaultTemplate)}.`,
		)
	}
	const positions = new Map<string, number[]>()
	const prompts = classNames.map((className, position) => {
		const name = spokenName(className)
		if (name.trim() === '') {
			throw new NaptuneError(
				'NAP_OPTION_INVALID',
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
