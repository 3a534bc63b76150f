/** From a directory or hub id to a CLIP that graphs are built from. */

import { NaptuneError } from '../core/errors.js'
import { readInto, withFile } from '../files/read-parts.js'
import { type ClipModel, clipOf } from '../vlm/model.js'
import { type LoadCheckpointOptions, loadCheckpoint } from './checkpoint.js'
import { loadTokenizer } from './load-tokenizer.js'

/**
 * Loads a CLIP from a directory or a hub id.
 * @throws NaptuneError as {@link loadCheckpoint} and {@link loadTokenizer} do.
 */
export async function loadClip(source: string, options: LoadCheckpointOptions = {}): Promise<ClipModel> {
	const checkpoint = await loadCheckpoint(source, options)
	const tokenizer = await loadTokenizer(checkpoint.tokenizerFile, checkpoint.config.text.vocabularySize)
	return clipOf(checkpoint, tokenizer, async ({ file }, offset, length) =>
		withFile(file, async (handle) => {
			const bytes = new Uint8Array(length)
			if ((await readInto(handle, bytes, offset)) === length) return bytes
			throw new NaptuneError(`${file} has become shorter since it was checked. Fetch it again.`)
		}),
	)
}
