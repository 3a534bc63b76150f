/** Columns of Parquet files, read in a process of their own; of images, no more than a few pieces are in memory at any time. */

import { NaptuneError } from '../../core/errors.js'
import { type IsolatedReader, isolatedReader } from '../../files/isolated/isolated-reader.js'
import type { Label, ParquetDescription, ParquetPart, ParquetRequest } from './parquet-decoder.js'

/** A file and what it says about itself. */
export interface ParquetFile extends ParquetDescription {
	readonly path: string
}

/** The process that reads. */
export type ParquetProcess = IsolatedReader<ParquetRequest, ParquetPart>

/** Bytes of encoded images that are kept, unless one piece has more. */
const keptBytes = 128 * 2 ** 20

/** Rows of a piece where the file has an index of pages, so that less than a row group can be read. */
const indexedPiece = 32

/** MiB of heap and seconds that one answer may take: a row group of a gigabyte needs a fifth of either. */
const limits = { heap: 1024, seconds: 120 }

/** A process that reads, started by the first request. */
export function parquetProcess(): ParquetProcess {
	return isolatedReader(new URL('./parquet-process.js', import.meta.url), limits)
}

/**
 * Reads the metadata of a file.
 * @throws NaptuneError when it is missing, cut short or no Parquet file, with the field that is missing or wrong.
 */
export async function openParquet(reader: ParquetProcess, path: string): Promise<ParquetFile> {
	const [description] = (await reader.ask({ kind: 'open', path }, path)) as ParquetDescription[]
	if (!description) throw new RangeError(`No description of ${path} came.`)
	return { path, ...description }
}

/** The values of a column of numbers or texts; numbers of 64 bits come as such. @throws NaptuneError when damaged. */
export async function readLabels(
	reader: ParquetProcess,
	{ path, rows }: ParquetFile,
	column: string,
): Promise<Label[]> {
	const labels = ((await reader.ask({ kind: 'labels', path, column }, path)) as Label[][]).flat()
	if (labels.length === rows) return labels
	throw new NaptuneError(
		'NAP_FILE_INVALID',
		`${path} is damaged: its column ${column} has ${labels.length} values for ${rows} rows. Delete it, so that it is fetched again.`,
	)
}

/** Reads one image. @throws NaptuneError when the file is damaged or has no bytes in this row. */
export type ImageReader = (file: ParquetFile, row: number) => Promise<Uint8Array>

/** Options of {@link imageReader}. */
export interface ImageReaderOptions {
	/** Bytes to keep. */
	readonly keep?: number
	/** Called with how many bytes of a file were read for a piece of it. */
	readonly onRead?: (bytes: number) => void
}

/**
 * A reader of the encoded images in a column. It reads row group by row group (or some rows where there is an index of
 * pages), one at a time, and keeps those read last.
 */
export function imageReader(reader: ParquetProcess, column: string, options: ImageReaderOptions = {}): ImageReader {
	const { keep = keptBytes, onRead = () => {} } = options
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
			const images = last.then(() => readPiece(reader, file.path, column, start, end, onRead))
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
			'NAP_FILE_INVALID',
			`Row ${row} of ${file.path} has no image in ${column}: its bytes are not in the file. Only images inside the Parquet files are read.`,
		)
	}
}

type Images = readonly (Uint8Array | undefined)[]

/** The rows that are read together with this one. */
function pieceOf({ groups, rows }: ParquetFile, column: string, row: number) {
	let start = 0
	for (const group of groups) {
		if (row < start + group.rows) {
			if (!group.indexed.includes(column)) return { start, end: start + group.rows }
			const first = start + Math.floor((row - start) / indexedPiece) * indexedPiece
			return { start: first, end: Math.min(first + indexedPiece, start + group.rows) }
		}
		start += group.rows
	}
	throw new RangeError(`Row ${row} of a file of ${rows} rows.`)
}

async function readPiece(
	reader: ParquetProcess,
	path: string,
	column: string,
	start: number,
	end: number,
	onRead: (bytes: number) => void,
): Promise<Images> {
	const parts = (await reader.ask({ kind: 'images', path, column, start, end }, path)) as {
		readonly images: Images
		readonly bytesRead: number
	}[]
	for (const { bytesRead } of parts) onRead(bytesRead)
	return parts.flatMap(({ images }) => images)
}
