/**
 * Reads metadata, labels and images of Parquet files, in a separate process. The library trusts the numbers in a file, so
 * this code or the process bounds all of them.
 */

import { open, realpath } from 'node:fs/promises'
import {
	type AsyncBuffer,
	type FileMetaData,
	parquetMetadataAsync,
	parquetReadObjects,
	parquetSchema,
	type SchemaTree,
} from 'hyparquet'
import { NaptuneError } from '../../core/errors.js'
import { shortened, shown } from '../../core/shown.js'
import { parquetCodecs } from './parquet-codecs.js'

/** Requests to the process. */
export type ParquetRequest =
	| { readonly kind: 'open'; readonly path: string }
	| { readonly kind: 'labels'; readonly path: string; readonly column: string }
	| {
			readonly kind: 'images'
			readonly path: string
			readonly column: string
			readonly start: number
			readonly end: number
	  }

/** A column, with what it takes to choose one. */
export interface ParquetColumn {
	readonly name: string
	readonly holds: 'bytes' | 'text' | 'integers' | 'other'
	/** Whether a row has many values of it. */
	readonly isList: boolean
	readonly children: readonly ParquetColumn[]
}

/** What a file says about itself. */
export interface ParquetDescription {
	readonly rows: number
	readonly columns: readonly ParquetColumn[]
	/** What Hugging Face's library has written into it. */
	readonly features: string | undefined
	readonly groups: readonly RowGroup[]
}

/** Rows stored together. */
export interface RowGroup {
	readonly rows: number
	/** Columns with a page index, so that it can read less than the whole. */
	readonly indexed: readonly string[]
}

/** A label as stored. */
export type Label = number | string | null

/** Parts of responses, in the order of {@link ParquetRequest}. */
export type ParquetPart =
	| ParquetDescription
	| readonly Label[]
	| { readonly images: readonly (Uint8Array | undefined)[]; readonly bytesRead: number }

/** Labels per message. */
const partLabels = 100_000
const partBytes = 32 * 2 ** 20
/** More than any file of images needs. */
const most = { metadata: 64 * 2 ** 20, rows: 4_000_000, schema: 10_000, chunks: 1_000_000, features: 8 * 2 ** 20 }

/** Answers a request. @throws NaptuneError if the file is missing, damaged, or not a Parquet file. */
export async function* readParquet(request: ParquetRequest): AsyncGenerator<ParquetPart> {
	const { path } = request
	const handle = await open(path).catch(async (error: Error) => {
		throw await explained(path, error)
	})
	try {
		const { size, mtimeMs, ino } = await handle.stat()
		let bytesRead = 0
		const buffer: AsyncBuffer = {
			byteLength: size,
			async slice(start, end = size) {
				if (!(start >= 0 && end >= start && end <= size)) {
					throw new Error(`it points to the bytes ${start} to ${end} of ${size}`)
				}
				const bytes = new Uint8Array(end - start)
				for (let done = 0; done < bytes.length; ) {
					const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
					if (bytesRead === 0) throw new Error('it ended while it was read')
					done += bytesRead
				}
				bytesRead += bytes.length
				return bytes.buffer
			},
		}
		try {
			const stamp = `${size} ${mtimeMs} ${ino}`
			const known = opened.get(path)
			const metadata = known?.stamp === stamp ? known.metadata : await readMetadata(buffer)
			remember(path, { stamp, metadata })
			bytesRead = 0
			if (request.kind === 'open') yield describe(metadata, size)
			else if (request.kind === 'labels') yield* readLabels(buffer, metadata, request.column)
			else yield* readImages(buffer, metadata, request, () => bytesRead)
		} catch (error) {
			throw await explained(path, error as Error)
		}
	} finally {
		await handle.close()
	}
}

/** Metadata of recently read files: every piece of a file needs it. */
const opened = new Map<string, { readonly stamp: string; readonly metadata: FileMetaData }>()

function remember(path: string, file: { readonly stamp: string; readonly metadata: FileMetaData }): void {
	opened.delete(path)
	opened.set(path, file)
	for (const oldest of opened.keys()) {
		if (opened.size <= 32) return
		opened.delete(oldest)
	}
}

async function readMetadata(buffer: AsyncBuffer): Promise<FileMetaData> {
	if (buffer.byteLength < 12) throw new Error(`it has ${buffer.byteLength} bytes`)
	const end = new DataView(await buffer.slice(buffer.byteLength - 8))
	const length = end.getUint32(0, true)
	if (length > most.metadata) throw new Error(`it claims ${length} bytes of metadata`)
	return parquetMetadataAsync(buffer)
}

/** Checks all metadata in use, naming what is missing. */
function describe(metadata: FileMetaData, size: number): ParquetDescription {
	const rows = wholeNumber(metadata.num_rows, 'num_rows', most.rows)
	const { schema, row_groups: groups } = metadata
	if (schema.length > most.schema) throw new Error(`its schema has ${schema.length} elements`)
	for (const [at, { name, num_children: children = 0 }] of schema.entries()) {
		if (typeof name !== 'string') throw new Error(`the name of element ${at} of its schema is missing`)
		if (!(Number.isInteger(children) && children >= 0 && children < schema.length)) {
			throw new Error(`num_children of element ${shown(name)} of its schema is ${shown(children)}`)
		}
	}
	const root = parquetSchema(metadata)
	if (root.count !== schema.length) throw new Error(`its schema has ${schema.length} elements but uses ${root.count}`)
	let chunks = 0
	const described = groups.map((group, at): RowGroup => {
		const where = `row group ${at}`
		const own = wholeNumber(group.num_rows, `num_rows of ${where}`, rows)
		const indexed: string[] = []
		for (const [column, chunk] of group.columns.entries()) {
			const what = `column ${column} of ${where}`
			const { meta_data: about } = chunk
			if (!about) throw new Error(`meta_data of ${what} is missing`)
			if (!about.path_in_schema?.length) throw new Error(`path_in_schema of ${what} is missing`)
			if (!about.codec) throw new Error(`codec of ${what} is missing or unknown`)
			wholeNumber(about.num_values, `num_values of ${what}`, Number.MAX_SAFE_INTEGER)
			wholeNumber(about.total_compressed_size, `total_compressed_size of ${what}`, size)
			wholeNumber(about.data_page_offset, `data_page_offset of ${what}`, size)
			if (chunk.offset_index_offset) indexed.push(String(about.path_in_schema[0]))
			if (++chunks > most.chunks) throw new Error(`its row groups have more than ${most.chunks} columns in all`)
		}
		return { rows: own, indexed }
	})
	const inGroups = described.reduce((sum, group) => sum + group.rows, 0)
	if (inGroups !== rows) throw new Error(`num_rows is ${rows}, but its row groups have ${inGroups}`)
	const features = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value
	if (features !== undefined && features.length > most.features)
		throw new Error('its description of features is too long')
	return { rows, columns: root.children.map((child) => columnOf(child)), features, groups: described }
}

function wholeNumber(value: unknown, name: string, limit: number): number {
	if (value === undefined) throw new Error(`${name} is missing`)
	const number = Number(value)
	if (typeof value !== 'object' && Number.isSafeInteger(number) && number >= 0 && number <= limit) return number
	throw new Error(`${name} is ${shown(value)}; it must be a whole number up to ${limit}`)
}

/** @param inner Levels of nested columns to describe. */
function columnOf({ element, children }: SchemaTree, inner = 1): ParquetColumn {
	const { type, converted_type, logical_type, repetition_type, name } = element
	const isText = type === 'BYTE_ARRAY' && (converted_type === 'UTF8' || logical_type?.type === 'STRING')
	const isInteger = type === 'INT32' || type === 'INT64'
	return {
		name,
		holds: isText ? 'text' : type === 'BYTE_ARRAY' ? 'bytes' : isInteger ? 'integers' : 'other',
		isList: repetition_type === 'REPEATED',
		children: inner === 0 ? [] : children.map((child) => columnOf(child, inner - 1)),
	}
}

async function* readLabels(buffer: AsyncBuffer, metadata: FileMetaData, column: string): AsyncGenerator<Label[]> {
	const options = { file: buffer, metadata, columns: [column], compressors: parquetCodecs }
	const rows = await parquetReadObjects(options)
	for (let start = 0; start < rows.length; start += partLabels) {
		yield rows.slice(start, start + partLabels).map((row): Label => {
			const value: unknown = row[column]
			if (typeof value === 'bigint') return Number(value)
			return typeof value === 'number' || typeof value === 'string' ? value : null
		})
	}
}

async function* readImages(
	buffer: AsyncBuffer,
	metadata: FileMetaData,
	{ column, start, end }: { readonly column: string; readonly start: number; readonly end: number },
	bytesRead: () => number,
): AsyncGenerator<ParquetPart> {
	const rows = await parquetReadObjects({
		file: buffer,
		metadata,
		columns: [column],
		rowStart: start,
		rowEnd: end,
		compressors: parquetCodecs,
		utf8: false,
		useOffsetIndex: true,
	})
	let images: (Uint8Array | undefined)[] = []
	let bytes = 0
	for (const row of rows) {
		const value: unknown = row[column]
		const image = value instanceof Uint8Array ? value : (value as { bytes?: unknown } | null)?.bytes
		images.push(image instanceof Uint8Array && image.length > 0 ? image : undefined)
		bytes += image instanceof Uint8Array ? image.length : 0
		if (bytes < partBytes) continue
		yield { images, bytesRead: 0 }
		images = []
		bytes = 0
	}
	yield { images, bytesRead: bytesRead() }
}

async function explained(path: string, cause: Error): Promise<NaptuneError> {
	if (cause instanceof NaptuneError) return new NaptuneError('NAP_FILE_INVALID', `${path}: ${cause.message}`, { cause })
	const codec = /unsupported compression codec: (\w+)/.exec(cause.message)?.[1]
	if (codec)
		return new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is compressed with ${codec}, which naptune does not support.`,
			{ cause },
		)
	// In the hub's cache this is a link; the file behind it must be deleted.
	const file = await realpath(path).catch(() => path)
	return new NaptuneError(
		'NAP_FILE_INVALID',
		`${path} is damaged or not a Parquet file (${shortened(cause.message, 300)}). Delete ${file}, so that it is fetched again.`,
		{ cause },
	)
}
