// Writes a whole CLIP checkpoint of the true ViT-B/32 geometry with seeded random weights and CLIP's own tokenizer, to prove
// layout, memory and speed at 224 pixels without released weights. Its accuracy is chance.
// Usage: npm run build && node scripts/seeded-vit-b-32.mjs FOLDER path/to/bpe_simple_vocab_16e6.txt.gz

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeSeededCheckpoint } from '../dist/checkpoints/seeded-checkpoint.js'
import { bytePairVocabulary } from '../dist/checkpoints/vocabulary/byte-pair-vocabulary.js'
import { clipMerges } from '../dist/checkpoints/vocabulary/clip-merges.js'
import { tokenizerFiles } from '../dist/methods/pretraining/vocabulary/pruned-tokenizer.js'

const [folder, vocabularyFile] = process.argv.slice(2)
if (!folder || !vocabularyFile) {
	console.error('Give the folder to write and the path of bpe_simple_vocab_16e6.txt.gz.')
	process.exit(2)
}
const read = (path) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'))
const config = read('fixtures/vit-b-32/config.json')
await writeSeededCheckpoint(folder, config, 32)
const side = config.vision_config.image_size
const preprocessor = {
	...read('models/nano/preprocessor_config.json'),
	size: { shortest_edge: side },
	crop_size: { height: side, width: side },
}
const vocabulary = bytePairVocabulary(clipMerges(readFileSync(vocabularyFile)))
const files = {
	'preprocessor_config.json': `${JSON.stringify(preprocessor, null, '\t')}\n`,
	...tokenizerFiles(vocabulary, config.text_config.max_position_embeddings),
}
for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
console.log(`${folder}: ViT-B/32, ${vocabulary.tokens.length} tokens`)
