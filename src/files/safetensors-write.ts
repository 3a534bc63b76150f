/** Writes safetensors files, atomically and in a fixed order. */

import { NaptuneError } from '../core/errors.js'
import { type Chunks, writeChunksAtomic } from './atomic-write.js'
import { type Dtype, dtypeSize, dtypes } from './safetensors-dtype.js'

/** A tensor to write from memory. */
export interface TensorToWrite {
	readonly dtype: Dtype
	readonly shape: readonly number[]
	/** Row-major elements: little-endian bytes, or a typed array whose elements are as wide as the dtype. */
	readonly data: ArrayBufferView
}

/** A tensor whose bytes are produced on demand. */
export interface NamedChunks {
	readonly name: string
	readonly dtype: Dtype
	readonly shape: readonly number[]
	/** Produces exactly the tensor's bytes, little-endian. */
	readonly chunks: () => Chunks
}

/** How the bytes reach the disk. */
export type WriteChunks = (path: string, chunks: Chunks) => Promise<void>

/**
 * Writes tensors to a safetensors file, atomically. The same tensors and metadata give the same bytes for any order of the
 * record's keys, equal to those of the reference implementation: wide elements come first (which keeps all aligned), then by
 * name.
 * @param write Atomically by default; `writeChunksChecked` keeps a checksum beside the file.
 * @throws NaptuneError if data and shape disagree, or the file cannot be written.
 */
export async function writeSafetensors(
	path: string,
	tensors: Readonly<Record<string, TensorToWrite>>,
	metadata: Readonly<Record<string, string>> = {},
	write: WriteChunks = writeChunksAtomic,
): Promise<void> {
	const entries = Object.entries(tensors).map(([name, { dtype, shape, data }]): NamedChunks => {
		const width = 'BYTES_PER_ELEMENT' in data ? data.BYTES_PER_ELEMENT : 1
		if (width !== 1 && width !== dtypeSize(dtype)) {
			throw new NaptuneError(
				'NAP_ARGUMENT_INVALID',
				`Tensor ${name} is ${dtype}, but its numbers are given as ${data.constructor.name}.`,
			)
		}
		if (data.byteLength !== byteLength(dtype, shape)) {
			throw new NaptuneError(
				'NAP_ARGUMENT_INVALID',
				`Tensor ${name} (${dtype} [${shape.join(', ')}]) needs ${byteLength(dtype, shape)} bytes, but its ${data.constructor.name} has ${data.byteLength}.`,
			)
		}
		return { name, dtype, shape, chunks: () => [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)] }
	})
	await writeSafetensorsStream(path, entries, metadata, write)
}

/**
 * Like {@link writeSafetensors}, for tensors that need not all be in memory.
 * @throws NaptuneError also if a tensor's chunks do not add up to its size, or a name repeats.
 */
export async function writeSafetensorsStream(
	path: string,
	tensors: readonly NamedChunks[],
	metadata: Readonly<Record<string, string>> = {},
	write: WriteChunks = writeChunksAtomic,
): Promise<void> {
	const ordered = [...tensors].sort(
		(a, b) => dtypes.indexOf(b.dtype) - dtypes.indexOf(a.dtype) || compare(a.name, b.name),
	)
	await write(path, fileChunks(ordered, headerBytes(ordered, metadata)))
}

async function* fileChunks(tensors: readonly NamedChunks[], header: Uint8Array): AsyncGenerator<Uint8Array> {
	yield header
	for (const { name, dtype, shape, chunks } of tensors) {
		let length = 0
		for await (const chunk of chunks()) {
			length += chunk.length
			yield chunk
		}
		if (length !== byteLength(dtype, shape)) {
			throw new NaptuneError(
				'NAP_ARGUMENT_INVALID',
				`Tensor ${name} (${dtype} [${shape.join(', ')}]) needs ${byteLength(dtype, shape)} bytes, but ${length} were produced.`,
			)
		}
	}
}

function headerBytes(ordered: readonly NamedChunks[], metadata: Readonly<Record<string, string>>): Uint8Array {
	const entries: [string, unknown][] = []
	const metadataEntries = Object.entries(metadata).sort(([a], [b]) => compare(a, b))
	if (metadataEntries.length > 0) entries.push(['__metadata__', Object.fromEntries(metadataEntries)])
	let position = 0
	for (const { name, dtype, shape } of ordered) {
		const end = position + byteLength(dtype, shape)
		entries.push([name, { dtype, shape, data_offsets: [position, end] }])
		position = end
	}
	const names = new Set(['__metadata__'])
	for (const { name } of ordered) {
		if (names.has(name))
			throw new NaptuneError('NAP_ARGUMENT_INVALID', `A safetensors file cannot hold two tensors named ${name}.`)
		names.add(name)
	}
	// Written by hand: an object would move names that look like array indices to the front.
	const json = `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
	const unpadded = Buffer.from(json, 'utf8')
	// Padded with spaces to a multiple of 8, so that the tensors after the header are aligned in memory maps.
	const bytes = Buffer.alloc(8 + Math.ceil(unpadded.length / 8) * 8, ' ')
	bytes.writeBigUInt64LE(BigInt(bytes.length - 8), 0)
	unpadded.copy(bytes, 8)
	return bytes
}

function byteLength(dtype: Dtype, shape: readonly number[]): number {
	return shape.reduce((product, n) => product * n, dtypeSize(dtype))
}

function compare(a: string, b: string): number {
	return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
