/** The words around a class name that a run leaves to whoever asks. */

import { NaptuneError } from '../core/errors.js'
import { range } from '../core/rows.js'
import { initialWords } from '../defenses/context-prompts.js'
import type { Defense } from '../defenses/defense.js'
import { spokenName } from '../vlm/class-prompts.js'
import type { ClipModel } from '../vlm/model.js'
import { towersOf } from '../vlm/towers.js'
import { textContexts } from './zero-shot-graph.js'

/**
 * What a class name is put into: the words of the prompts that are not learned.
 * @throws NaptuneError where a prompt has others that no template gives back.
 */
export function hypothesisTemplate(clip: ClipModel, defense: Defense): string {
	const words = initialWords.split(' ')
	const given = defense.config.template
	const candidates = [
		...(typeof given === 'string' ? [given] : []),
		...range(0, words.length + 1).map((first) => [...words.slice(first), '{}.'].join(' ')),
	]
	const [name = ''] = defense.classNames
	const contexts = textContexts(defense)
	const { startTokens } = towersOf(clip.config)
	const { ids, endPositions } = defense.prompts
	const prompt = Array.from(ids.subarray(0, 1 + (endPositions[0] ?? 0)), Number)
	const isContext = (position: number) => position >= startTokens && position < startTokens + contexts
	// Models that read texts of one length have padding before the position of the feature.
	const withoutPadding = (row: readonly number[]) => {
		const end =
			clip.config.text.eosRule === 'last' ? row.findLastIndex((id) => id !== clip.tokenizer.paddingId) + 1 : row.length
		return row.slice(0, end).join()
	}
	const spoken = withoutPadding(prompt.filter((_, position) => !isContext(position)))
	const fits = candidates.find((template) => {
		const { ids: own } = clip.tokenizer.encodeBatch(
			[template.replaceAll('{}', () => spokenName(name))],
			clip.config.text,
		)
		return withoutPadding(Array.from(own, Number)) === spoken
	})
	if (fits !== undefined) return fits
	throw new NaptuneError(
		'NAP_EXPORT_REFUSED',
		`The prompts of ${defense.name} are not a template around a class name, so they cannot hold other classes. Export the classifier (--task classifier).`,
	)
}
