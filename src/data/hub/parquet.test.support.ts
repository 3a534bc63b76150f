/** Parquet files as the library of Hugging Face writes them, with images of cifar10-mini. */

import type { CompressionCodec } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import sharp from 'sharp'
import { defined } from '../../core/defined.js'
import { loadCifar10Mini } from '../cifar10-mini.js'

/** An encoded picture and its class in CIFAR-10. */
export interface Picture {
	readonly bytes: Uint8Array
	readonly label: number
	/** As it must be after decoding. */
	readonly rgb: Uint8Array
}

let pictures: Promise<readonly Picture[]> | undefined

/** Twenty pictures, two of each class, as PNG. */
export function cifarPictures(): Promise<readonly Picture[]> {
	pictures ??= loadCifar10Mini().then(({ test }) =>
		Promise.all(
			Array.from({ length: 20 }, async (_, at) => {
				const index = Math.floor(at / 2) * 100 + (at % 2)
				const { rgb, width, height } = await test.image(index)
				const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } })
					.png()
					.toBuffer()
				return { bytes: new Uint8Array(bytes), label: test.label(index), rgb }
			}),
		),
	)
	return pictures
}

/** What a file is made of. */
export interface FileOptions {
	/** Name of the image column; `image` by default. */
	readonly image?: string
	/** Columns of numbers (64 bits) or texts by name. */
	readonly columns: Readonly<Record<string, readonly (number | string | null)[]>>
	/** Features, as the library of Hugging Face writes them into the file. */
	readonly features?: Readonly<Record<string, unknown>> | undefined
	/** Rows per row group. */
	readonly rowGroup?: number
	/** Whether pages have an index; false by default. */
	readonly indexed?: boolean
	/** Rows whose bytes are missing. */
	readonly withoutBytes?: readonly number[]
	readonly codec?: CompressionCodec
	readonly compressors?: NonNullable<Parameters<typeof parquetWriteBuffer>[0]['compressors']>
}

/** A file with a column of images, `{bytes, path}`, and others. */
export function parquetFile(images: readonly Uint8Array[], options: FileOptions): Uint8Array {
	const {
		image = 'image',
		columns,
		features,
		rowGroup = 3,
		indexed = false,
		withoutBytes = [],
		codec,
		compressors,
	} = options
	const others = Object.entries(columns)
	const rows = images.map((bytes, at) => ({ bytes: withoutBytes.includes(at) ? null : bytes, path: `${at}.png` }))
	const buffer = parquetWriteBuffer({
		schema: [
			{ name: 'schema', num_children: others.length + 1 },
			{ name: image, num_children: 2, repetition_type: 'OPTIONAL' },
			{ name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
			{ name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
			...others.map(([name, values]) =>
				typeof values[0] === 'string'
					? ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' } as const)
					: ({ name, type: 'INT64', repetition_type: 'OPTIONAL' } as const),
			),
		],
		columnData: [
			{ name: image, data: rows, offsetIndex: indexed },
			...others.map(([name, values]) => ({
				name,
				data: values.map((value) => (typeof value === 'number' ? BigInt(value) : value)),
				offsetIndex: indexed,
			})),
		],
		rowGroupSize: rowGroup,
		pageSize: 4000,
		...defined({
			codec: codec || undefined,
			compressors: compressors || undefined,
			kvMetadata: features ? [{ key: 'huggingface', value: JSON.stringify({ info: { features } }) }] : undefined,
		}),
	})
	return new Uint8Array(buffer)
}

/** Features of a plain data set of images and named classes. */
export function plainFeatures(names: readonly string[]): Record<string, unknown> {
	return { image: { _type: 'Image' }, label: { names, _type: 'ClassLabel' } }
}
