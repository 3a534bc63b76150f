/** Class names as models read them: prompts write underscores as spaces, and CLIP's tokenizers do the rest. */

import { tokenForm } from '../../files/text/token-form.js'
import { spokenName } from '../../vlm/class-prompts.js'

/** The form that token ids are made from; names with the same form are the same to a model. */
export function spokenForm(name: string): string {
	return tokenForm(spokenName(name))
}

/**
 * Groups the names (by position) that a model cannot tell apart.
 * @returns Groups of at least two, ordered by their first position.
 */
export function sameSpoken(names: readonly string[]): readonly (readonly number[])[] {
	const groups = new Map<string, number[]>()
	names.forEach((name, position) => {
		const spoken = spokenForm(name)
		const group = groups.get(spoken)
		if (group) group.push(position)
		else groups.set(spoken, [position])
	})
	return [...groups.values()].filter((group) => group.length > 1)
}
