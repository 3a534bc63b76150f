import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as zlib from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { type FileOptions, parquetFile } from './parquet.test.support.js'
import {
	type ImageReaderOptions,
	imageReader,
	openParquet,
	type ParquetFile,
	type ParquetProcess,
	parquetProcess,
	readLabels,
} from './parquet-reader.js'

const images = Array.from({ length: 100 }, (_, at) =>
	Uint8Array.from({ length: 500 }, (_, byte) => (Math.imul(at * 500 + byte + 1, 2654435761) >>> 13) & 255),
)
const labels = images.map((_, at) => at % 7)

let reader: ParquetProcess
beforeAll(() => {
	reader = parquetProcess()
})

/** A file, not compressed unless that is asked for. */
async function written(options: Partial<FileOptions>): Promise<ParquetFile> {
	const path = join(await temporaryFolder(), 'x.parquet')
	await writeFile(path, parquetFile(images, { columns: { label: labels }, codec: 'UNCOMPRESSED', ...options }))
	return openParquet(reader, path)
}

/** A reader of images, and the bytes of files that it has read so far. */
function counted(options: ImageReaderOptions = {}) {
	let total = 0
	const onRead = (bytes: number) => {
		total += bytes
	}
	return { image: imageReader(reader, 'image', { ...options, onRead }), read: () => total }
}

describe('imageReader', () => {
	it('gives the bytes of every row, in any order, with and without an index of pages', async () => {
		for (const indexed of [false, true]) {
			const file = await written({ rowGroup: 40, indexed })
			const { image } = counted()
			const order = images.map((_, at) => (at * 37) % 100)
			const read = await Promise.all(order.map((row) => image(file, row)))
			for (const [at, row] of order.entries()) expect(Buffer.compare(read[at]!, images[row]!)).toBe(0)
			await expect(image(file, 100)).rejects.toThrow(RangeError)
		}
	})

	it('reads a row group once while it is kept, and not all of it where pages have an index', async () => {
		const whole = 100 * 500
		const group = await written({ rowGroup: 50 })
		const some = counted()
		for (const row of [3, 4, 49, 0]) await some.image(group, row)
		expect(some.read()).toBeGreaterThan(whole / 2)
		expect(some.read()).toBeLessThan(whole * 0.6)
		const indexed = await written({ rowGroup: 100, indexed: true })
		const part = counted()
		await part.image(indexed, 70)
		expect(part.read()).toBeLessThan(whole * 0.6)
	})

	it('keeps what was used last within its limit', async () => {
		const file = await written({ rowGroup: 10 })
		const { image, read } = counted({ keep: 2 * 10 * 500 })
		await Promise.all([0, 10, 5].map((row) => image(file, row)))
		const two = read()
		// The first group was used after the second, which goes for the third.
		await image(file, 20)
		await image(file, 1)
		expect(read()).toBeLessThan(two * 1.6)
		await image(file, 11)
		expect(read()).toBeGreaterThan(two * 1.9)
	})

	it('says what is wrong, and reads on after it', async () => {
		const file = await written({ rowGroup: 10, withoutBytes: [3] })
		const { image } = counted()
		await expect(image(file, 3)).rejects.toThrow(
			/Row 3 of .*x\.parquet has no image in image: the file does not contain its bytes/,
		)
		const whole = await readFile(file.path)
		await writeFile(file.path, whole.subarray(0, 8000))
		await expect(image(file, 50)).rejects.toThrow(/damaged or not a Parquet file \(.*Delete .*fetched again/)
		await writeFile(file.path, whole)
		expect(Buffer.compare(await image(file, 50), images[50]!)).toBe(0)
	})
})

describe('readLabels', () => {
	it('reads numbers, texts and what is missing', async () => {
		const file = await written({
			columns: { number: labels, text: labels.map((label) => (label === 3 ? null : `${label}`)) },
		})
		expect(await readLabels(reader, file, 'number')).toEqual(labels)
		expect((await readLabels(reader, file, 'text')).slice(0, 5)).toEqual(['0', '1', '2', null, '4'])
	})

	it('reads what Node.js can decompress', async () => {
		const gzip = await written({ codec: 'GZIP', compressors: { GZIP: (bytes) => zlib.gzipSync(bytes) } })
		expect(await readLabels(reader, gzip, 'label')).toEqual(labels)
		const brotli = await written({
			codec: 'BROTLI',
			compressors: { BROTLI: (bytes) => zlib.brotliCompressSync(bytes) },
		})
		expect(Buffer.compare(await counted().image(brotli, 60), images[60]!)).toBe(0)
		const snappy = await written({ codec: 'SNAPPY' })
		expect(Buffer.compare(await counted().image(snappy, 60), images[60]!)).toBe(0)
	})

	it('reads Zstandard and LZ4 of pyarrow on every Node.js', async () => {
		for (const codec of ['zstd', 'lz4']) {
			const path = fileURLToPath(new URL(`../../../fixtures/parquet/${codec}.parquet`, import.meta.url))
			const file = await openParquet(reader, path)
			expect(await readLabels(reader, file, 'label')).toEqual(Array.from({ length: 30 }, (_, at) => at % 3))
			const read = await Promise.all(Array.from({ length: 30 }, (_, row) => counted().image(file, row)))
			expect(read.map((image) => Buffer.from(image).toString())).toEqual(
				Array.from({ length: 30 }, (_, at) => `picture ${at} `.repeat(20)),
			)
		}
	})
})

describe('openParquet', () => {
	it('refuses what is none', async () => {
		const path = join(await temporaryFolder(), 'y.parquet')
		for (const content of ['', 'PAR1 and no more, but long enough']) {
			await writeFile(path, content)
			await expect(openParquet(reader, path)).rejects.toThrow(/y\.parquet is damaged or not a Parquet file/)
		}
		await expect(openParquet(reader, `${path}.none`)).rejects.toThrow(/ENOENT/)
	})
})
