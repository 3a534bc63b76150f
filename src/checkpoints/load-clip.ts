/** From a directory or hub id to a CLIP that graphs are built from. */

import { basename, dirname } from 'node:path'
import { NaptuneError } from '../core/errors.js'
import { readInto, withFile } from '../files/read-parts.js'
import { type ClipModel, clipOf } from '../vlm/model.js'
import { type ClipTokenizer, createTokenizer } from '../vlm/tokenizer.js'
import { type LoadCheckpointOptions, loadCheckpoint, type StoredCheckpoint } from './checkpoint.js'
import { loadTokenizer } from './load-tokenizer.js'
import { parseModelSource } from './model-source.js'
import { packagedTokenizer, packagedTokens, packagedVocabulary } from './vocabulary/packaged-tokenizer.js'
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

async function tokenizerOf({ source, tokenizerFile, config }: StoredCheckpoint): Promise<ClipTokenizer> {
	const modelTokens = config.text.vocabularySize
	if (tokenizerFile === packagedVocabulary) {
		if (modelTokens === packagedTokens) return createTokenizer(await packagedTokenizer(), { modelTokens })
		throw new NaptuneError(
			'NAP_MODEL_INVALID',
			`${source} has embeddings of ${modelTokens} tokens, and no tokenizer.json lies beside them; OpenAI's vocabulary, which comes with the package, has ${packagedTokens}. Give the model's own with --tokenizer tokenizer.json.`,
		)
	}
	if (basename(tokenizerFile) !== vocabularyFiles[0])
		return loadTokenizer(tokenizerFile, modelTokens, config.family === 'siglip' ? '<pad>' : undefined)
	return createTokenizer(await tokenizerOfVocabulary(dirname(tokenizerFile)), { modelTokens })
}
