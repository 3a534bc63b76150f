/** CLIP's tokenizer from the vocabulary that comes with the package, for checkpoints without tokenizer files. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { bytePairVocabulary, tokenizerJson } from './byte-pair-vocabulary.js'
import { clipMerges } from './clip-merges.js'

/** Where the vocabulary lies. */
export const packagedVocabulary = fileURLToPath(
	new URL('../../../data/clip-vocabulary/bpe_simple_vocab_16e6.txt.gz', import.meta.url),
)

/** Its tokens, start and end token included. */
export const packagedTokens = 49_408

/** The content of its `tokenizer.json`. */
export async function packagedTokenizer(): Promise<object> {
	return tokenizerJson(bytePairVocabulary(clipMerges(await readFile(packagedVocabulary))))
}
