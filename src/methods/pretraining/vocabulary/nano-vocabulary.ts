/** Chooses the part of CLIP's vocabulary for the embedded model `nano`. */

import type { BytePairVocabulary, Merge } from '../../../checkpoints/vocabulary/byte-pair-vocabulary.js'
import { zeroShotTemplates } from '../../../data/templates.js'
import { captionTemplates, classNouns, fillTemplate, heldOutTemplates } from '../captions/captions.js'
import { pruneVocabulary } from './pruned-tokenizer.js'

/** Longest sequence of nano in tokens, start and end included: as in CLIP. */
export const nanoContextLength = 77

/** Number of nano's tokens: the bytes, what the captions need, and CLIP's most frequent merges. */
export const nanoVocabularySize = 4608

/**
 * Nano's vocabulary: everything that its captions, their held-out wordings and the zero-shot templates of the data sets
 * need to split as in CLIP, filled up with CLIP's most frequent merges (some two thousand common English words).
 */
export function nanoVocabulary(merges: readonly Merge[]): BytePairVocabulary {
	const nouns = classNouns.flatMap(({ name, synonyms, heldOut }) => [name, ...synonyms, ...heldOut])
	const templates = [...captionTemplates, ...heldOutTemplates, ...Object.values(zeroShotTemplates)]
	return pruneVocabulary(
		merges,
		[...nouns, ...templates.map((template) => fillTemplate(template, 'x'))],
		nanoVocabularySize,
	)
}
