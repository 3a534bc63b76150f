/**
 * The safetensors format: an 8-byte little-endian header length, a JSON header, then the tensors' bytes, row-major and
 * little-endian. Reading trusts nothing in the header. https://github.com/huggingface/safetensors#format
 */

import type { FileHandle } from 'node:fs/promises'
import { NaptuneError } from '../core/errors.js'
import { readInto, withFile } from './read-parts.js'
import { type Dtype, dtypeSize } from './safetensors-dtype.js'
import { parseSafetensorsHeader } from './safetensors-header.js'

export type { Dtype } from './safetensors-dtype.js'
export { type NamedChunks, type TensorToWrite, writeSafetensors, writeSafetensorsStream } from './safetensors-write.js'

/** Where a tensor lies in its file. */
export interface TensorEntry {
	readonly dtype: Dtype
	readonly shape: readonly number[]
	/** Absolute offset in the file of the first byte. */
	readonly offset: number
	/** Length in bytes. */
	readonly length: number
}

/** What a safetensors file says about itself. */
export interface SafetensorsHeader {
	/** Tensors by name, in the order of their bytes. */
	readonly tensors: ReadonlyMap<string, TensorEntry>
	/** Free-form text of the header's `__metadata__`. */
	readonly metadata: Readonly<Record<string, string>>
}

/** A tensor with its bytes. */
export interface TensorWithData {
	readonly dtype: Dtype
	readonly shape: readonly number[]
	/** Little-endian bytes at the start of a buffer of their own, so that `new Float32Array(data.buffer)` is valid. */
	readonly data: Uint8Array<ArrayBuffer>
}

/**
 * Longer headers are refused; those of the largest models have less than a tenth of it. The reference implementation reads
 * up to 100 MB, which takes seconds in which no signal comes through.
 */
const longestHeader = 1 << 24

/**
 * Reads and checks the header of a safetensors file.
 * @throws NaptuneError when the file is missing, truncated or not safetensors, or its tensors overlap, leave gaps, lie
 * outside the file or disagree with their type and shape.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
	return withFile(path, (handle) => headerOf(handle, path))
}

/**
 * Reads tensors into memory; meant for small files such as the parameters of a run.
 * @param names The tensors wanted; all of them when omitted.
 * @throws NaptuneError as {@link readSafetensorsHeader}, or when a wanted tensor is not in the file.
 */
export async function readSafetensorsTensors(
	path: string,
	names?: readonly string[],
): Promise<Map<string, TensorWithData>> {
	return withFile(path, async (handle) => {
		const { tensors } = await headerOf(handle, path)
		const missing = names?.filter((name) => !tensors.has(name)) ?? []
		if (missing.length > 0) {
			throw new NaptuneError(
				'NAP_FILE_INVALID',
				`${path} lacks the tensors ${missing.join(', ')}. It holds: ${[...tensors.keys()].join(', ') || 'none'}.`,
			)
		}
		const result = new Map<string, TensorWithData>()
		for (const name of names ?? tensors.keys()) {
			const { dtype, shape, offset, length } = tensors.get(name)!
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
	const claimed = new DataView(lengthBytes.buffer).getBigUint64(0, true)
	if (claimed > BigInt(longestHeader)) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is not a valid safetensors file: it claims a header of ${claimed} bytes, at most ${longestHeader} are allowed. Is it another format, or damaged?`,
		)
	}
	const headerLength = Number(claimed)
	if (8 + headerLength > size) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is truncated or damaged: its header should take ${headerLength} bytes, the whole file has ${size}. Fetch it again.`,
		)
	}
	const bytes = new Uint8Array(headerLength)
	if ((await readInto(handle, bytes, 8)) < headerLength) throw truncated(path)
	const { metadata, tensors } = parseSafetensorsHeader(bytes, size - 8 - headerLength, path)
	return {
		metadata,
		tensors: new Map(
			tensors.map(({ name, dtype, shape, begin }) => [
				name,
				{
					dtype,
					shape,
					offset: 8 + headerLength + begin,
					length: shape.reduce((product, n) => product * n, dtypeSize(dtype)),
				},
			]),
		),
	}
}

function truncated(path: string): NaptuneError {
	return new NaptuneError(
		'NAP_FILE_INVALID',
		`${path} is truncated: it ends before its header or tensors do. Fetch it again.`,
	)
}
