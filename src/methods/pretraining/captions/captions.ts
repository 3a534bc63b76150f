/** Captions for CIFAR-10's classes: many wordings, so that the text tower learns words rather than one prompt. */

import { at } from '../../../core/at.js'
import { NaptuneError } from '../../../core/errors.js'
import type { Generator } from '../../../random/generator.js'
import { classNouns } from './caption-synonyms.js'
import { captionTemplates } from './caption-templates.js'

export { classNouns } from './caption-synonyms.js'
export { captionTemplates, heldOutTemplates } from './caption-templates.js'

/** Nouns of each class, by label, that pre-training never uses. */
export const heldOutSynonyms: readonly (readonly string[])[] = classNouns.map(({ heldOut }) => heldOut)

/** How often a caption names the class itself rather than a synonym, since every evaluation uses that noun. */
const shareOfClassName = 0.4

/**
 * Draws a caption: a template, and the class name or one of its synonyms.
 * @param label Position of the class in {@link classNouns}, CIFAR-10's order.
 * @throws NaptuneError when there is no such class.
 */
export function caption(label: number, generator: Generator): string {
	const nouns = classNouns[label]
	if (!nouns) {
		throw new NaptuneError(
			'NAP_INTERNAL',
			`There is no caption for label ${label}: expected a whole number from 0 to 9.`,
		)
	}
	const template = at(captionTemplates, generator.below(captionTemplates.length))
	const named = generator.uniform() < shareOfClassName
	return fillTemplate(template, named ? nouns.name : at(nouns.synonyms, generator.below(nouns.synonyms.length)))
}

/**
 * Puts a noun in a template.
 * @param template `{a}` becomes the noun with its article, `{}` the noun alone.
 */
export function fillTemplate(template: string, noun: string): string {
	return template.replaceAll('{a}', withArticle(noun)).replaceAll('{}', noun)
}

/** Every string that {@link caption} can return, in a fixed order. */
export function allCaptions(): string[] {
	return classNouns.flatMap(({ name, synonyms }) =>
		[name, ...synonyms].flatMap((noun) => captionTemplates.map((template) => fillTemplate(template, noun))),
	)
}

/** The first letter decides, since none of our nouns starts with a silent h or a "you" sound. */
function withArticle(noun: string): string {
	return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`
}
