/** Saves a fine-tuned model as a checkpoint in the layout of its base model. */

import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { elementCount } from '../../core/tensor.js'
import type { Defense } from '../../defenses/defense.js'
import { replacedWeight } from '../../defenses/image-tower-weights.js'
import { makeFolder } from '../../files/make-folder.js'
import { readInto, withFile } from '../../files/read-parts.js'
import { type NamedChunks, writeSafetensorsStream } from '../../files/safetensors-write.js'
import { sha256OfFile } from '../../files/sha256.js'
import { runFolders } from '../../records/names.js'
import type { TensorSet } from '../../training/tensor-set.js'
import type { Checkpoint, ClipModel } from '../../vlm/model.js'

/** Files that a checkpoint may have beside its weights. */
const companions = [
	'config.json',
	'tokenizer.json',
	'vocab.json',
	'merges.txt',
	'preprocessor_config.json',
	'processor_config.json',
]

/** Whether a method changes weights of the model rather than adding to it. */
export function fineTunes({ parameters }: Pick<Defense, 'parameters'>): boolean {
	return [...parameters.keys()].some((name) => replacedWeight(name) !== undefined)
}

/** The folder of a checkpoint; undefined if it is not a folder in the layout of transformers. */
export function checkpointFolder(checkpoint: Checkpoint): string | undefined {
	const directory = 'directory' in checkpoint ? checkpoint.directory : undefined
	const { family = 'clip' } = checkpoint.config
	if (typeof directory !== 'string' || (family !== 'clip' && family !== 'siglip')) return undefined
	return existsSync(join(directory, 'config.json')) ? directory : undefined
}

/**
 * Writes RUN/checkpoint: the model with its tuned weights in float32, which `--model` accepts. The weights come last, so a
 * folder without them is incomplete.
 * @returns SHA-256 of the weights.
 * @throws NaptuneError when files of the model are missing, or the folder cannot be written.
 */
export async function saveFineTuned(clip: ClipModel, parameters: TensorSet, output: string): Promise<string> {
	const from = checkpointFolder(clip.checkpoint)
	if (from === undefined) {
		throw new NaptuneError('NAP_INTERNAL', 'A model that is no folder of transformers was fine-tuned.')
	}
	const folder = join(output, runFolders.checkpoint)
	await makeFolder(folder)
	for (const name of companions) {
		if (existsSync(join(from, name))) await copyFile(join(from, name), join(folder, name))
	}
	const tuned = new Map(Object.entries(parameters).map(([name, value]) => [replacedWeight(name), value]))
	const tensors = [...clip.checkpoint.weights].map(([name, reference]): NamedChunks => {
		const { shape, file, offset } = reference
		return {
			name,
			dtype: 'F32',
			shape,
			async *chunks() {
				const own = tuned.get(name)
				yield own
					? new Uint8Array(own.data.buffer, own.data.byteOffset, own.data.byteLength)
					: await stored(file, offset, 4 * elementCount(shape))
			},
		}
	})
	const path = join(folder, 'model.safetensors')
	await writeSafetensorsStream(path, tensors, { format: 'pt', base: clip.checkpoint.sha256 })
	return sha256OfFile(path)
}

async function stored(file: string, offset: number, length: number): Promise<Uint8Array> {
	return withFile(file, async (handle) => {
		const bytes = new Uint8Array(length)
		if ((await readInto(handle, bytes, offset)) === length) return bytes
		throw new NaptuneError('NAP_FILE_DAMAGED', `${file} was truncated after it was checked. Fetch it again.`)
	})
}
