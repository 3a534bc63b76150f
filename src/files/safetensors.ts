/**
 * The safetensors format: an 8-byte little-endian header length, a JSON header, then the tensors' bytes, row-major and
 * little-endian. Reading trusts nothing in the header. https://github.com/huggingface/safetensors#format
 */

import type { FileHandle } from 'node:fs/promises'
import { readInto, withFile } from './read-parts.js'
import {
	headerOfBytes,
	lengthOfHeader,
	type SafetensorsHeader,
	type TensorWithData,
	truncated,
	wantedTensors,
} from './safetensors-bytes.js'

export type { SafetensorsHeader, TensorWithData } from './safetensors-bytes.js'
export { type NamedChunks, type TensorToWrite, writeSafetensors, writeSafetensorsStream } from './safetensors-write.js'

/**
 * Reads and checks the header of a safetensors file.
 * @throws NaptuneError if the file is missing, truncated or not safetensors, or its tensors overlap, leave gaps, lie outside
 * the file or disagree with their type and shape.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
	return withFile(path, (handle) => headerOf(handle, path))
}

/**
 * Reads tensors into memory; for small files such as the parameters of a run.
 * @param names Tensors to read; default: all.
 * @throws NaptuneError as {@link readSafetensorsHeader}, or if a requested tensor is not in the file.
 */
export async function readSafetensorsTensors(
	path: string,
	names?: readonly string[],
): Promise<Map<string, TensorWithData>> {
	return withFile(path, async (handle) => {
		const result = new Map<string, TensorWithData>()
		for (const [name, entry] of wantedTensors(await headerOf(handle, path), path, names)) {
			const { dtype, shape, offset, length } = entry
			const data = new Uint8Array(length)
			if ((await readInto(handle, data, offset)) < length) throw truncated(path)
			result.set(name, { dtype, shape, data })
		}
		return result
	})
}

async function headerOf(handle: FileHandle, path: string): Promise<SafetensorsHeader> {
	const { size } = await handle.stat()
	const lengthBytes = new Uint8Array(8)
	if ((await readInto(handle, lengthBytes, 0)) < 8) throw truncated(path)
	const headerLength = lengthOfHeader(lengthBytes, size, path)
	const bytes = new Uint8Array(headerLength)
	if ((await readInto(handle, bytes, 8)) < headerLength) throw truncated(path)
	return headerOfBytes(bytes, size, path)
}
