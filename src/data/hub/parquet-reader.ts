/** Reading columns of Parquet files; of images, no more than a few pieces are in memory at any time. */

import { realpath } from 'node:fs/promises'
import {
	type AsyncBuffer,
	asyncBufferFromFile,
	type FileMetaData,
	parquetMetadataAsync,
	parquetReadObjects,
} from 'hyparquet'
import { NaptuneError } from '../../core/errors.js'
import { parquetCodecs } from './parquet-codecs.js'

/** An open file. */
export interface ParquetFile {
	readonly path: string
	readonly metadata: FileMetaData
	readonly rows: number
	readonly buffer: AsyncBuffer
}

/** Bytes of encoded images that are kept, unless one piece has more. */
const keptBytes = 128 * 2 ** 20

/** Rows of a piece where the file has an index of pages, so that less than a row group can be read. */
const indexedPiece = 32

/** Opens a file and reads its metadata. @throws NaptuneError when it is missing, cut short or no Parquet file. */
export async function openParquet(path: string): Promise<ParquetFile> {
	return explained(path, async () => {
		const buffer = await asyncBufferFromFile(path)
		if (buffer.byteLength < 12) throw new Error(`it has ${buffer.byteLength} bytes`)
		const metadata = await parquetMetadataAsync(buffer)
		return { path, metadata, rows: Number(metadata.num_rows), buffer }
	})
}

/** The values of a column of numbers or texts; numbers of 64 bits come as such. @throws NaptuneError when damaged. */
export async function readLabels(
	{ path, metadata, buffer }: ParquetFile,
	column: string,
): Promise<(number | string | null)[]> {
	const rows = await explained(path, () =>
		parquetReadObjects({ file: buffer, metadata, columns: [column], compressors: parquetCodecs }),
	)
	return rows.map((row) => {
		const value: unknown = row[column]
		if (typeof value === 'bigint') return Number(value)
		return typeof value === 'number' || typeof value === 'string' ? value : null
	})
}

/** Reads one image. @throws NaptuneError when the file is damaged or has no bytes in this row. */
export type ImageReader = (file: ParquetFile, row: number) => Promise<Uint8Array>

/**
 * A reader of the encoded images in a column. It reads row group by row group (or some rows where there is an index of
 * pages), one at a time, and keeps those read last.
 * @param keep Bytes to keep.
 */
export function imageReader(column: string, keep = keptBytes): ImageReader {
	const pieces = new Map<string, { readonly images: Promise<Images>; bytes: number }>()
	let last: Promise<unknown> = Promise.resolve()
	const forget = () => {
		let total = [...pieces.values()].reduce((sum, { bytes }) => sum + bytes, 0)
		for (const [key, { bytes }] of pieces) {
			if (total <= keep || pieces.size === 1) return
			pieces.delete(key)
			total -= bytes
		}
	}
	return async (file, row) => {
		const { start, end } = pieceOf(file, column, row)
		const key = `${file.path}\0${start}`
		let piece = pieces.get(key)
		if (piece) {
			// To the end of the list: what was used last is forgotten last.
			pieces.delete(key)
			pieces.set(key, piece)
		} else {
			const images = last.then(() => readPiece(file, column, start, end))
			const added = { images, bytes: 0 }
			piece = added
			pieces.set(key, added)
			last = images.then(
				(read) => {
					added.bytes = read.reduce((sum, image) => sum + (image?.length ?? 0), 0)
					forget()
				},
				() => pieces.delete(key),
			)
		}
		const image = (await piece.images)[row - start]
		if (image) return image
		throw new NaptuneError(
			`Row ${row} of ${file.path} has no image in ${column}: its bytes are not in the file. Only images inside the Parquet files are read.`,
		)
	}
}

type Images = readonly (Uint8Array | undefined)[]

/** The rows that are read together with this one. */
function pieceOf({ metadata, rows }: ParquetFile, column: string, row: number) {
	let start = 0
	for (const { num_rows, columns } of metadata.row_groups) {
		const length = Number(num_rows)
		if (row < start + length) {
			const own = columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === column)
			// That of the bytes counts; names of files are few.
			const size = ({ meta_data }: (typeof own)[number]) => Number(meta_data?.total_compressed_size ?? 0)
			const largest = own.reduce((most, one) => (size(one) > size(most) ? one : most), own[0]!)
			if (!largest.offset_index_offset) return { start, end: start + length }
			const first = start + Math.floor((row - start) / indexedPiece) * indexedPiece
			return { start: first, end: Math.min(first + indexedPiece, start + length) }
		}
		start += length
	}
	throw new RangeError(`Row ${row} of a file of ${rows} rows.`)
}

async function readPiece(
	{ path, metadata, buffer }: ParquetFile,
	column: string,
	start: number,
	end: number,
): Promise<Images> {
	const rows = await explained(path, () =>
		parquetReadObjects({
			file: buffer,
			metadata,
			columns: [column],
			rowStart: start,
			rowEnd: end,
			compressors: parquetCodecs,
			utf8: false,
			useOffsetIndex: true,
		}),
	)
	return rows.map((row) => {
		const value: unknown = row[column]
		const bytes = value instanceof Uint8Array ? value : (value as { bytes?: unknown } | null)?.bytes
		// A copy: what the library gives is a view of the whole page.
		return bytes instanceof Uint8Array && bytes.length > 0 ? bytes.slice() : undefined
	})
}

async function explained<T>(path: string, action: () => Promise<T>): Promise<T> {
	try {
		return await action()
	} catch (cause) {
		if (cause instanceof NaptuneError) throw new NaptuneError(`${path}: ${cause.message}`, { cause })
		const codec = /unsupported compression codec: (\w+)/.exec((cause as Error).message)?.[1]
		if (codec) throw new NaptuneError(`${path} is compressed by ${codec}, which is not read here.`, { cause })
		// In the hub's cache this is a link; what has to go is the file behind it.
		const file = await realpath(path).catch(() => path)
		throw new NaptuneError(
			`${path} is not a Parquet file that can be read, or it is damaged (${(cause as Error).message}). Delete ${file}, so that it is fetched again.`,
			{ cause },
		)
	}
}
