import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { type FileOptions, parquetFile } from './parquet.test.support.js'
import { imageReader, openParquet, type ParquetFile, readLabels } from './parquet-reader.js'

const images = Array.from({ length: 100 }, (_, at) =>
	Uint8Array.from({ length: 500 }, (_, byte) => (Math.imul(at * 500 + byte + 1, 2654435761) >>> 13) & 255),
)
const labels = images.map((_, at) => at % 7)

/** A file, not compressed unless that is asked for, and the bytes that were read of it since it was opened. */
async function written(options: Partial<FileOptions>): Promise<{ file: ParquetFile; read: () => number }> {
	const path = join(await temporaryFolder(), 'x.parquet')
	await writeFile(path, parquetFile(images, { columns: { label: labels }, codec: 'UNCOMPRESSED', ...options }))
	const file = await openParquet(path)
	let read = 0
	const slice = (start: number, end = file.buffer.byteLength) => {
		read += end - start
		return file.buffer.slice(start, end)
	}
	return { file: { ...file, buffer: { byteLength: file.buffer.byteLength, slice } }, read: () => read }
}

describe('imageReader', () => {
	it('gives the bytes of every row, in any order, with and without an index of pages', async () => {
		for (const indexed of [false, true]) {
			const { file } = await written({ rowGroup: 40, indexed })
			const reader = imageReader('image')
			const order = images.map((_, at) => (at * 37) % 100)
			const read = await Promise.all(order.map((row) => reader(file, row)))
			expect(read).toEqual(order.map((row) => images[row]))
			await expect(reader(file, 100)).rejects.toThrow(RangeError)
		}
	})

	it('reads a row group once while it is kept, and not all of it where pages have an index', async () => {
		const whole = 100 * 500
		const group = await written({ rowGroup: 50 })
		const reader = imageReader('image')
		for (const row of [3, 4, 49, 0]) await reader(group.file, row)
		expect(group.read()).toBeGreaterThan(whole / 2)
		expect(group.read()).toBeLessThan(whole * 0.6)
		const indexed = await written({ rowGroup: 100, indexed: true })
		await imageReader('image')(indexed.file, 70)
		expect(indexed.read()).toBeLessThan(whole * 0.6)
	})

	it('keeps what was used last within its limit', async () => {
		const { file, read } = await written({ rowGroup: 10 })
		const reader = imageReader('image', 2 * 10 * 500)
		await Promise.all([0, 10, 5].map((row) => reader(file, row)))
		const two = read()
		// The first group was used after the second, which goes for the third.
		await reader(file, 20)
		await reader(file, 1)
		expect(read()).toBeLessThan(two * 1.6)
		await reader(file, 11)
		expect(read()).toBeGreaterThan(two * 1.9)
	})

	it('says what is wrong, and reads on after it', async () => {
		const { file } = await written({ rowGroup: 10, withoutBytes: [3] })
		const reader = imageReader('image')
		await expect(reader(file, 3)).rejects.toThrow(/Row 3 of .*x\.parquet has no image in image: its bytes are not/)
		let broken = true
		const failing = {
			...file,
			path: `${file.path}-2`,
			buffer: {
				byteLength: file.buffer.byteLength,
				slice: (start: number, end?: number) => (broken ? new ArrayBuffer(4) : file.buffer.slice(start, end)),
			},
		}
		await expect(reader(failing, 0)).rejects.toThrow(/damaged \(.*Delete .*fetched again/)
		broken = false
		expect(await reader(failing, 0)).toEqual(images[0])
	})
})

describe('readLabels', () => {
	it('reads numbers, texts and what is missing', async () => {
		const { file } = await written({
			columns: { number: labels, text: labels.map((label) => (label === 3 ? null : `${label}`)) },
		})
		expect(await readLabels(file, 'number')).toEqual(labels)
		expect((await readLabels(file, 'text')).slice(0, 5)).toEqual(['0', '1', '2', null, '4'])
	})

	it('reads what Node.js can decompress', async () => {
		const gzip = await written({ codec: 'GZIP', compressors: { GZIP: (bytes) => zlib.gzipSync(bytes) } })
		expect(await readLabels(gzip.file, 'label')).toEqual(labels)
		const brotli = await written({
			codec: 'BROTLI',
			compressors: { BROTLI: (bytes) => zlib.brotliCompressSync(bytes) },
		})
		expect(await imageReader('image')(brotli.file, 60)).toEqual(images[60])
		const zstandard = zlib as { readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array }
		const compress = zstandard.zstdCompressSync ?? ((bytes: Uint8Array) => bytes)
		const zstd = await written({ codec: 'ZSTD', compressors: { ZSTD: (bytes) => compress(bytes) } })
		const outcome = readLabels(zstd.file, 'label')
		if (zstandard.zstdCompressSync) expect(await outcome).toEqual(labels)
		else await expect(outcome).rejects.toThrow(/Zstandard.*Use Node\.js 22\.15/)
	})
})

describe('openParquet', () => {
	it('refuses what is none', async () => {
		const path = join(await temporaryFolder(), 'y.parquet')
		for (const content of ['', 'PAR1 and no more, but long enough']) {
			await writeFile(path, content)
			await expect(openParquet(path)).rejects.toThrow(/y\.parquet is not a Parquet file that can be read/)
		}
		await expect(openParquet(`${path}.none`)).rejects.toThrow(/ENOENT/)
	})
})
