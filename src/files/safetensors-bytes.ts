/** Reads the safetensors format from bytes; shared by files, buffers and browsers. */

import { entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { type Tensor, tensor } from '../core/tensor.js'
import { type Dtype, dtypeSize } from './safetensors-dtype.js'
import { parseSafetensorsHeader } from './safetensors-header.js'

/** Location of a tensor in its file. */
export interface TensorEntry {
	readonly dtype: Dtype
	readonly shape: readonly number[]
	/** Absolute offset in the file of the first byte. */
	readonly offset: number
	/** Length in bytes. */
	readonly length: number
}

/** The header of a safetensors file. */
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
 * up to 100 MB, which takes seconds during which no signal gets through.
 */
const longestHeader = 1 << 24

/**
 * The header of a file in memory.
 * @param name Name of the file for errors.
 * @throws NaptuneError if it is truncated or not safetensors, or its tensors overlap, leave gaps, lie outside the file or
 * disagree with their type and shape.
 */
export function safetensorsHeader(file: Uint8Array, name: string): SafetensorsHeader {
	if (file.byteLength < 8) throw truncated(name)
	const end = 8 + lengthOfHeader(file.subarray(0, 8), file.byteLength, name)
	return headerOfBytes(file.subarray(8, end), file.byteLength, name)
}

/**
 * Tensors of a file in memory, each copied to its own buffer.
 * @param names Tensors to read; default: all.
 * @throws NaptuneError as {@link safetensorsHeader}, or if a requested tensor is not in the file.
 */
export function safetensorsTensors(
	file: Uint8Array,
	name: string,
	names?: readonly string[],
): Map<string, TensorWithData> {
	const wanted = wantedTensors(safetensorsHeader(file, name), name, names)
	return new Map(
		wanted.map(([own, { dtype, shape, offset, length }]) => [
			own,
			{ dtype, shape, data: new Uint8Array(file.subarray(offset, offset + length)) },
		]),
	)
}

/**
 * The header length that a file's first 8 bytes claim.
 * @param size Size of the whole file.
 * @throws NaptuneError if it is impossible.
 */
export function lengthOfHeader(start: Uint8Array, size: number, path: string): number {
	const claimed = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true)
	if (claimed > BigInt(longestHeader)) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is not a valid safetensors file: it claims a header of ${claimed} bytes; at most ${longestHeader} are allowed. Is it another format, or damaged?`,
		)
	}
	const length = Number(claimed)
	if (8 + length > size) {
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`${path} is truncated or damaged: its header should take ${length} bytes, but the whole file has ${size}. Fetch it again.`,
		)
	}
	return length
}

/** The header from its own bytes. @param size Size of the whole file. @throws NaptuneError as {@link safetensorsHeader}. */
export function headerOfBytes(bytes: Uint8Array, size: number, path: string): SafetensorsHeader {
	const start = 8 + bytes.byteLength
	const { metadata, tensors } = parseSafetensorsHeader(bytes, size - start, path)
	return {
		metadata,
		tensors: new Map(
			tensors.map(({ name, dtype, shape, begin }) => [
				name,
				{
					dtype,
					shape,
					offset: start + begin,
					length: shape.reduce((product, n) => product * n, dtypeSize(dtype)),
				},
			]),
		),
	}
}

/** The entries of some tensors, or of all. @throws NaptuneError that names missing ones. */
export function wantedTensors(
	{ tensors }: SafetensorsHeader,
	path: string,
	names?: readonly string[],
): readonly (readonly [string, TensorEntry])[] {
	const missing = names?.filter((name) => !tensors.has(name)) ?? []
	if (missing.length > 0) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} lacks the tensors ${missing.join(', ')}. It holds: ${[...tensors.keys()].join(', ') || 'none'}.`,
		)
	}
	return names?.map((name) => [name, entry(tensors, name)] as const) ?? [...tensors]
}

/** The error for a file that ends too early. */
export function truncated(path: string): NaptuneError {
	return new NaptuneError(
		'NAP_FILE_DAMAGED',
		`${path} is truncated: it ends before its header or tensors do. Fetch it again.`,
	)
}

/** Tensors as float32. @throws NaptuneError for any other type. */
export function float32Tensors(
	tensors: ReadonlyMap<string, TensorWithData>,
	path: string,
): Record<string, Tensor<'float32'>> {
	return Object.fromEntries(
		[...tensors].map(([name, { dtype, shape, data }]) => {
			if (dtype === 'F32') return [name, tensor('float32', shape, new Float32Array(data.buffer))]
			throw new NaptuneError('NAP_FILE_INVALID', `${path}: tensor ${name} is ${dtype}, not float32 (F32).`)
		}),
	)
}
