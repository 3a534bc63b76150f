/** Reads columns of Parquet files in a separate process, with only a few pieces of image data in memory at any time. */

import { NaptuneError } from '../../core/errors.js'
import { type IsolatedReader, isolatedReader } from '../../files/isolated/isolated-reader.js'
import type { Label, ParquetDescription, ParquetPart, ParquetRequest } from './parquet-decoder.js'

/** A file and its metadata. */
export interface ParquetFile extends ParquetDescription {
	readonly path: string
}

/** The process that reads. */
export type ParquetProcess = IsolatedReader<ParquetRequest, ParquetPart>

/** Most bytes of encoded images to keep, unless one piece has more. */
const keptBytes = 128 * 2 ** 20

/** Rows of a piece if the file has a page index, so that less than a row group can be read. */
const indexedPiece = 32

/** MiB of heap and seconds for one response: a row group of a gigabyte needs a fifth of either. */
const limits = { heap: 1024, seconds: 120 }

/** A reader process, started by the first request. */
export function parquetProcess(): ParquetProcess {
	return isolatedReader(new URL('./parquet-process.js', import.meta.url), limits)
}

/**
 * Reads the metadata of a file.
 * @throws NaptuneError if it is missing, truncated or not a Parquet file, with the missing or wrong field.
 */
export async function openParquet(reader: ParquetProcess, path: string): Promise<ParquetFile> {
	const [description] = (await reader.ask({ kind: 'open', path }, path)) as ParquetDescription[]
	if (!description) throw new RangeError(`No description of ${path} came.`)
	return { path, ...description }
}

/** The values of a column of numbers or texts; 64-bit numbers come as such. @throws NaptuneError if damaged. */
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

/** Reads one image. @throws NaptuneError if the file is damaged or has no bytes in this row. */
export type ImageReader = (file: ParquetFile, row: number) => Promise<Uint8Array>

/** Options of {@link imageReader}. */
export interface ImageReaderOptions {
	/** Bytes to keep. */
	readonly keep?: number
	/** Called with the number of bytes read from a file for one piece. */
	readonly onRead?: (bytes: number) => void
}

/**
 * A reader for the encoded images in a column. It reads one row group (or some rows, if there is a page index) at a time,
 * and keeps the most recent ones.
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
			// Moves it to the end of the list: the most recently used piece is dropped last.
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
			`Row ${row} of ${file.path} has no image in ${column}: the file does not contain its bytes. naptune reads only images inside the Parquet files.`,
		)
	}
}

type Images = readonly (Uint8Array | undefined)[]

/** The rows to read together with this one. */
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
