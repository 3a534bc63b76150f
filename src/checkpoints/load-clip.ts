/** From a directory or hub id to a CLIP that graphs are built from. */

import { basename } from 'node:path'
import { NaptuneError } from '../core/errors.js'
import { readInto, withFile } from '../files/read-parts.js'
import { type ClipModel, clipOf } from '../vlm/model.js'
import { type ClipTokenizer, createTokenizer } from '../vlm/tokenizer.js'
import { type LoadCheckpointOptions, loadCheckpoint, type StoredCheckpoint } from './checkpoint.js'
import { loadTokenizer } from './load-tokenizer.js'
import { parseModelSource } from './model-source.js'
import { packagedTokenizer, packagedVocabulary } from './vocabulary/packaged-tokenizer.js'
import { tokenizerOfVocabulary, vocabularyFiles } from './vocabulary-files.js'

/**
 * Loads a CLIP from a directory or a hub id.
 * @throws NaptuneError as {@link loadCheckpoint} and {@link loadTokenizer} do.
 */
export async function loadClip(source: string, options: LoadCheckpointOptions = {}): Promise<ClipModel> {
	const { settings } = parseModelSource(source)
	if (settings['image-encoder'] !== undefined) {
		const { loadEncoders } = await import('./load-encoders.js')
		return loadEncoders(source, settings['image-encoder'])
	}
	const checkpoint = await loadCheckpoint(source, options)
	return clipOf(checkpoint, await tokenizerOf(checkpoint), async ({ file }, offset, length) =>
		withFile(file, async (handle) => {
			const bytes = new Uint8Array(length)
			if ((await readInto(handle, bytes, offset)) === length) return bytes
			throw new NaptuneError('NAP_FILE_DAMAGED', `${file} was truncated after it was checked. Fetch it again.`)
		}),
	)
}

async function tokenizerOf({ tokenizerFile, directory, config }: StoredCheckpoint): Promise<ClipTokenizer> {
	const modelTokens = config.text.vocabularySize
	if (tokenizerFile === packagedVocabulary) return createTokenizer(await packagedTokenizer(), { modelTokens })
	if (basename(tokenizerFile) !== vocabularyFiles[0])
		return loadTokenizer(tokenizerFile, modelTokens, config.family === 'siglip' ? '<pad>' : undefined)
	return createTokenizer(await tokenizerOfVocabulary(directory), { modelTokens })
}
