/** Decompresses Parquet pages, each bounded by the size in its header. */

import * as zlib from 'node:zlib'
import type { Compressors } from 'hyparquet'
import { decompressLz4, decompressLz4Raw, decompressSnappy, decompressZstd } from 'hyparquet-compressors'

/** Available from Node.js 22.15 on, and many times faster than the library. */
const { zstdDecompressSync } = zlib as {
	readonly zstdDecompressSync?: (input: Uint8Array, options: { maxOutputLength: number }) => Uint8Array
}

/** Most bytes of one page. Writers put a thousand rows of images into a page, whatever their size. */
const longestPage = 2 ** 30

/** A decompressor that refuses more than a page may have. */
function bounded(decompress: (input: Uint8Array, length: number) => Uint8Array) {
	return (input: Uint8Array, length: number): Uint8Array => {
		if (length >= 0 && length <= longestPage) return decompress(input, length)
		throw new Error(`a page claims ${length} bytes`)
	}
}

/** By Parquet's names. */
export const parquetCodecs: Compressors = {
	SNAPPY: bounded(decompressSnappy),
	GZIP: bounded((input, length) => zlib.gunzipSync(input, { maxOutputLength: Math.max(1, length) })),
	BROTLI: bounded((input, length) => zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) })),
	ZSTD: bounded((input, length) => {
		if (zstdDecompressSync) return zstdDecompressSync(input, { maxOutputLength: Math.max(1, length) })
		return decompressZstd(input, new Uint8Array(length))
	}),
	LZ4: bounded(decompressLz4),
	LZ4_RAW: bounded(decompressLz4Raw),
}
