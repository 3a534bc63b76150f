/** Decompression of Parquet pages beyond what hyparquet has itself, by Node.js. */

import * as zlib from 'node:zlib'
import type { Compressors } from 'hyparquet'
import { NaptuneError } from '../../core/errors.js'

/** From Node.js 22.15 on. */
const { zstdDecompressSync } = zlib as { readonly zstdDecompressSync?: (input: Uint8Array) => Uint8Array }

/** By the names that Parquet gives them. */
export const parquetCodecs: Compressors = {
	GZIP: (input) => zlib.gunzipSync(input),
	BROTLI: (input) => zlib.brotliDecompressSync(input),
	ZSTD: (input) => {
		if (zstdDecompressSync) return zstdDecompressSync(input)
		throw new NaptuneError(
			`The file is compressed with Zstandard, which Node.js ${process.versions.node} cannot read. Use Node.js 22.15 or later.`,
		)
	},
}
