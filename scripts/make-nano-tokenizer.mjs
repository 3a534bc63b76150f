// Makes the tokenizer files of models/nano from CLIP's vocabulary file. Development only: the result is committed.
// Usage: npm run build && node scripts/make-nano-tokenizer.mjs path/to/bpe_simple_vocab_16e6.txt.gz

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { clipMerges } from '../dist/checkpoints/vocabulary/clip-merges.js'
import { nanoContextLength, nanoVocabulary } from '../dist/methods/pretraining/vocabulary/nano-vocabulary.js'
import { tokenizerFiles } from '../dist/methods/pretraining/vocabulary/pruned-tokenizer.js'

const [vocabularyFile] = process.argv.slice(2)
if (!vocabularyFile) {
	console.error('Give the path of bpe_simple_vocab_16e6.txt.gz.')
	process.exit(2)
}
const folder = fileURLToPath(new URL('../models/nano/', import.meta.url))
const vocabulary = nanoVocabulary(clipMerges(readFileSync(vocabularyFile)))
mkdirSync(folder, { recursive: true })
for (const [name, content] of Object.entries(tokenizerFiles(vocabulary, nanoContextLength))) {
	writeFileSync(`${folder}${name}`, content)
}
console.log(`${vocabulary.tokens.length} tokens, ${vocabulary.merges.length} merges`)
