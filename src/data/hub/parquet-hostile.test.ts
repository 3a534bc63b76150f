import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { parquetFile } from './parquet.test.support.js'
import { imageReader, openParquet, parquetProcess, readLabels } from './parquet-reader.js'

const images = Array.from({ length: 20 }, (_, at) => new Uint8Array(100).fill(at))
const labels = images.map((_, at) => at % 3)
const whole = Buffer.from(parquetFile(images, { columns: { label: labels }, codec: 'UNCOMPRESSED', rowGroup: 20 }))

/** All that is done with a file. */
async function readAll(bytes: Uint8Array): Promise<void> {
	const path = join(await temporaryFolder(), 'hostile.parquet')
	await writeFile(path, bytes)
	const reader = parquetProcess()
	const file = await openParquet(reader, path)
	await readLabels(reader, file, 'label')
	const image = imageReader(reader, 'image')
	for (let row = 0; row < file.rows; row++) await image(file, row)
}

/** Thrift's compact form of the fields of a struct, by number: integers of 32 and 64 bits, texts, lists of structs, structs. */
type Field = number | bigint | string | Fields[] | Fields
type Fields = { readonly [id: number]: Field }

function varint(value: bigint): number[] {
	const bytes: number[] = []
	let rest = value
	for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
	return [...bytes, Number(rest)]
}

function struct(fields: Fields): number[] {
	const bytes: number[] = []
	let last = 0
	for (const [id, field] of Object.entries(fields)) {
		const head = (type: number) => ((Number(id) - last) << 4) | type
		const zigzag = (value: bigint) => varint(value >= 0n ? value << 1n : (-value << 1n) - 1n)
		if (typeof field === 'bigint') bytes.push(head(6), ...zigzag(field))
		else if (typeof field === 'number') bytes.push(head(5), ...zigzag(BigInt(field)))
		else if (typeof field === 'string') bytes.push(head(8), ...varint(BigInt(field.length)), ...Buffer.from(field))
		else if (Array.isArray(field)) bytes.push(head(9), 0xfc, ...varint(BigInt(field.length)), ...field.flatMap(struct))
		else bytes.push(head(12), ...struct(field))
		last = Number(id)
	}
	return [...bytes, 0]
}

function withMetadata(fields: Fields): Buffer {
	const metadata = Buffer.from(struct(fields))
	const length = Buffer.alloc(4)
	length.writeUInt32LE(metadata.length)
	return Buffer.concat([Buffer.from('PAR1'), metadata, length, Buffer.from('PAR1')])
}

const root = { 4: 'schema', 5: 1 }
const leaf = { 1: 2, 3: 1, 4: 'label' }

describe('a damaged or hostile Parquet file', () => {
	it.each([
		['num_rows is missing', { 1: 1, 2: [root, leaf], 4: [{ 1: [], 2: 1n, 3: 1n }] }],
		['num_rows of row group 0 is missing', { 1: 1, 2: [root, leaf], 3: 1n, 4: [{ 1: [], 2: 1n }] }],
		['num_rows is 1, but its row groups have 0', { 1: 1, 2: [root, leaf], 3: 1n, 4: [] }],
		['num_rows is -1; it must be a whole number', { 1: 1, 2: [root, leaf], 3: -1n, 4: [] }],
		['num_rows is 9000000000000000000; it must be a whole', { 1: 1, 2: [root, leaf], 3: 9000000000000000000n, 4: [] }],
		[
			'meta_data of column 0 of row group 0 is missing',
			{ 1: 1, 2: [root, leaf], 3: 1n, 4: [{ 1: [{ 2: 4n }], 3: 1n }] },
		],
		['num_children of element "schema" of its schema is 7', { 1: 1, 2: [{ 4: 'schema', 5: 7 }, leaf], 3: 0n, 4: [] }],
		['the name of element 1 of its schema is missing', { 1: 1, 2: [root, { 1: 2 }], 3: 0n, 4: [] }],
		['its schema has 3 elements but uses 2', { 1: 1, 2: [root, leaf, leaf], 3: 0n, 4: [] }],
	] as [string, Fields][])('says: %s', async (message, fields) => {
		const error: unknown = await readAll(withMetadata(fields)).catch((error: unknown) => error)
		expect(error).toBeInstanceOf(NaptuneError)
		expect((error as Error).message).toContain(message)
	})

	it('that nests ten thousand elements is refused', async () => {
		const nested = Array.from({ length: 10_000 }, (_, at) => ({ 4: `${at}`, 5: 1 }))
		for (const count of [9_998, 10_000]) {
			const hostile = withMetadata({ 1: 1, 2: [...nested.slice(0, count), leaf], 3: 0n, 4: [] })
			await expect(readAll(hostile)).rejects.toMatchObject({ name: 'NaptuneError' })
		}
	})

	it('that takes all memory ends its reader, and no more than that', async () => {
		// The levels of definition of the labels: a run whose length is a variable number of 7-bit groups. All of them
		// become a run of 2^30.
		let found = 0
		for (let at = 4; at < whole.length - 300; at++) {
			if (whole[at] !== 40 || whole[at + 1] !== 1) continue
			const run = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x08, 1])
			const changed = Buffer.concat([whole.subarray(0, at), run, whole.subarray(at + run.length)])
			const error: unknown = await readAll(changed).catch((error: unknown) => error)
			expect(error).toBeInstanceOf(NaptuneError)
			// Node.js 22 and later refuse the array before memory ends.
			if (/requests more than 1024 MiB of memory|Invalid array length/.test((error as Error).message)) found++
		}
		expect(found).toBeGreaterThan(0)
	})

	it('changed at any byte is read or refused', async () => {
		const reader = parquetProcess()
		const path = join(await temporaryFolder(), 'hostile.parquet')
		for (let at = 0; at < whole.length; at += 7) {
			const changed = Buffer.from(whole)
			changed[at] = changed[at]! ^ (1 << (at % 8))
			await writeFile(path, changed)
			try {
				const file = await openParquet(reader, path)
				await readLabels(reader, file, 'label')
				await imageReader(reader, 'image')(file, 0)
			} catch (error) {
				expect(error).toBeInstanceOf(NaptuneError)
			}
		}
	})
})
