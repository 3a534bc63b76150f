/** A CLIP of the size of ViT-B/32 with random weights, for measurements that need a whole model but no real one. */

import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadTokenizer } from '../checkpoints/load-tokenizer.js'
import { writeSeededCheckpoint } from '../checkpoints/seeded-checkpoint.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { type BenchFolder, benchFolder } from './bench-folder.js'
import { benchSeed } from './bench-programs.js'

/**
 * Writes a checkpoint of ViT-B/32's towers at 224 pixels into a new folder (about 500 MB). Only its vocabulary is smaller:
 * that of the tokenizer.
 * @param tokenizer Path of a `tokenizer.json`.
 * @param directory An existing folder.
 * @param geometry Entries of `vision_config` and `text_config` that differ from ViT-B/32.
 * @throws NaptuneError when the folder cannot be written.
 */
export async function writeBenchCheckpoint(
	tokenizer: string,
	directory: string,
	geometry: { readonly vision?: object; readonly text?: object } = {},
): Promise<BenchFolder> {
	const { vocabularySize } = await loadTokenizer(tokenizer)
	return benchFolder(directory, async (folder) => {
		const end = vocabularySize - 1
		const text_config = { vocab_size: vocabularySize, bos_token_id: end - 1, eos_token_id: end, pad_token_id: end }
		const config = {
			model_type: 'clip',
			vision_config: { patch_size: 32, ...geometry.vision },
			text_config: { ...text_config, ...geometry.text },
		}
		await writeSeededCheckpoint(folder, config, benchSeed)
		await copyFile(tokenizer, join(folder, 'tokenizer.json'))
		await writeFileAtomic(join(folder, 'preprocessor_config.json'), JSON.stringify(preprocessorOf(geometry.vision)))
		return {}
	})
}

function preprocessorOf(vision: object = {}) {
	const side = 'image_size' in vision ? vision.image_size : 224
	return { size: { shortest_edge: side }, crop_size: { height: side, width: side }, resample: 3 }
}
