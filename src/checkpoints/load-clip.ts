/** From a directory or hub id to a CLIP that graphs are built from. */

import { basename } from 'node:path'
import type { Checkpoint, ClipModel } from '../vlm/model.js'
import { loadTokenizer } from '../vlm/tokenizer.js'
import { frozenWeights } from '../vlm/weights.js'
import { type LoadCheckpointOptions, loadCheckpoint } from './checkpoint.js'
import { tokenizerOfVocabulary, vocabularyFiles } from './vocabulary-files.js'

/**
 * Loads a CLIP from a directory or a hub id.
 * @throws NaptuneError as {@link loadCheckpoint} and {@link loadTokenizer} do.
 */
export async function loadClip(source: string, options: LoadCheckpointOptions = {}): Promise<ClipModel> {
	const checkpoint = await loadCheckpoint(source, options)
	const { mean, std } = checkpoint.preprocessor
	return {
		config: checkpoint.config,
		statistics: { mean, std },
		weights: frozenWeights(checkpoint.weights),
		tokenizer: await loadTokenizer(await tokenizerSource(checkpoint), checkpoint.config.text.vocabularySize),
		checkpoint,
	}
}

async function tokenizerSource({ tokenizerFile, directory }: Checkpoint): Promise<string | object> {
	return basename(tokenizerFile) === vocabularyFiles[0] ? tokenizerOfVocabulary(directory) : tokenizerFile
}
