/** A CLIP of the size of ViT-B/32 with random weights, for measurements that need a whole model but no real one. */

import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeSeededCheckpoint } from '../clip/seeded-checkpoint.js'
import { loadTokenizer } from '../clip/tokenizer.js'
import { explainWriteFailure, writeFileAtomic } from '../files/atomic-write.js'
import { benchSeed } from './bench-programs.js'

/** A checkpoint that is there for a while. */
export interface BenchCheckpoint {
	readonly folder: string
	/** Deletes the folder. */
	remove(): Promise<void>
}

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
): Promise<BenchCheckpoint> {
	const { vocabularySize } = await loadTokenizer(tokenizer)
	const folder = await mkdtemp(join(directory, 'naptune-bench-')).catch((error: unknown) => {
		throw explainWriteFailure(error, directory)
	})
	// Also when the process is ended in the middle.
	const removeAtExit = () => rmSync(folder, { recursive: true, force: true })
	process.once('exit', removeAtExit)
	const remove = async () => {
		await rm(folder, { recursive: true, force: true })
		process.off('exit', removeAtExit)
	}
	try {
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
		return { folder, remove }
	} catch (error) {
		await remove()
		throw error
	}
}

function preprocessorOf(vision: object = {}) {
	const side = 'image_size' in vision ? vision.image_size : 224
	return { size: { shortest_edge: side }, crop_size: { height: side, width: side }, resample: 3 }
}
