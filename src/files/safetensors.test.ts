import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import {
	readSafetensorsHeader,
	readSafetensorsTensors,
	writeSafetensors,
	writeSafetensorsStream,
} from './safetensors.js'
import { temporaryFolder } from './temporary-folder.test.helper.js'

const fixture = fileURLToPath(new URL('../../fixtures/checkpoints/every-type.safetensors', import.meta.url))

/** A file with any header, valid or not, and any data. */
async function fileOf(header: string | Uint8Array, dataLength: number, claimed?: bigint): Promise<string> {
	const json = Buffer.from(header)
	const length = Buffer.alloc(8)
	length.writeBigUInt64LE(claimed ?? BigInt(json.length))
	const path = join(await temporaryFolder(), 'hostile.safetensors')
	await writeFile(path, Buffer.concat([length, json, Buffer.alloc(dataLength)]))
	return path
}

const tensor = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
	dtype,
	shape,
	data_offsets: [begin, end],
})

describe('reading safetensors', () => {
	it('reads every type that the reference implementation wrote', async () => {
		const tensors = await readSafetensorsTensors(fixture)
		expect(tensors.size).toBe(21)
		expect([...new BigInt64Array(tensors.get('int64')!.data.buffer)]).toEqual([-1n, 2n ** 60n])
		expect([...new Int16Array(tensors.get('int16')!.data.buffer)]).toEqual([-1, 2 ** 14])
		expect(tensors.get('boolean')).toEqual({ dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) })
		expect(tensors.get('scalar')!.shape).toEqual([])
		expect(tensors.get('empty')).toEqual({ dtype: 'F32', shape: [3, 0, 2], data: new Uint8Array() })
		expect(tensors.has('näme "quoted"')).toBe(true)
		expect((await readSafetensorsHeader(fixture)).metadata).toEqual({ format: 'pt' })
	})

	it('gives absolute offsets', async () => {
		const { tensors } = await readSafetensorsHeader(fixture)
		const { offset, length } = tensors.get('int64')!
		const bytes = (await readFile(fixture)).subarray(offset, offset + length)
		expect([bytes.readBigInt64LE(0), bytes.readBigInt64LE(8)]).toEqual([-1n, 2n ** 60n])
	})

	it('reads only the tensors asked for, and names those that are not there', async () => {
		expect([...(await readSafetensorsTensors(fixture, ['int8', '0'])).keys()]).toEqual(['int8', '0'])
		await expect(readSafetensorsTensors(fixture, ['int8', 'x', 'y'])).rejects.toThrow(/lacks the tensors x, y/)
	})

	it('accepts a header without tensors', async () => {
		expect((await readSafetensorsHeader(await fileOf('{}', 0))).tensors.size).toBe(0)
	})
})

describe('refusing bad safetensors', () => {
	it('survives a file cut at any length', async () => {
		const bytes = await readFile(fixture)
		const path = join(await temporaryFolder(), 'cut.safetensors')
		await writeFile(path, bytes)
		for (let length = bytes.length - 1; length >= 0; length = length > 300 ? length - 211 : length - 1) {
			await truncate(path, length)
			const error = await readSafetensorsHeader(path).catch((error: unknown) => error)
			expect(error).toBeInstanceOf(NaptuneError)
			expect((error as Error).message).toMatch(/truncated/)
		}
	})

	it.each<[string, bigint, RegExp]>([
		['2^60 bytes', 2n ** 60n, /claims a header of 1152921504606846976 bytes/],
		['2^64 - 1 bytes', 2n ** 64n - 1n, /claims a header of 18446744073709551615 bytes/],
		['more than 16 MiB', (1n << 24n) + 1n, /at most 16777216/],
		['more than the file has', 1000n, /truncated or damaged: its header should take 1000 bytes/],
	])('a header that claims %s', async (_, claimed, message) => {
		await expect(readSafetensorsHeader(await fileOf('{}', 0, claimed))).rejects.toThrow(message)
	})

	it.each<[string, string | Uint8Array]>([
		['empty', ''],
		['not JSON', '{"a":'],
		['a list', '[]'],
		['null', 'null'],
		['not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)],
		['nested deeply in a shape', `{"a":{"dtype":"F32","shape":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`],
		['nested deeply', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
	])('a header that is %s', async (_, header) => {
		await expect(readSafetensorsHeader(await fileOf(header, 0))).rejects.toBeInstanceOf(NaptuneError)
	})

	it.each<[string, unknown, number, RegExp]>([
		['overlap', { a: tensor(0, 8), b: tensor(4, 12) }, 12, /b \(bytes 4 to 12\) overlaps tensor a/],
		['share their bytes', { a: tensor(0, 8), b: tensor(0, 8) }, 8, /overlaps/],
		['leave a gap', { a: tensor(0, 4), b: tensor(8, 12) }, 12, /gap of 4 bytes between tensor a and tensor b/],
		['begin late', { a: tensor(4, 8) }, 8, /gap of 4 bytes between the header and tensor a/],
		['leave bytes over', { a: tensor(0, 4) }, 8, /4 bytes after tensor a belong to no tensor/],
		['end outside the file', { a: tensor(0, 16) }, 8, /truncated or damaged: tensor a ends at byte 16/],
		['run backwards', { a: { dtype: 'F32', shape: [1], data_offsets: [4, 0] } }, 4, /data_offsets \[4,0\]/],
		['have negative offsets', { a: { dtype: 'F32', shape: [1], data_offsets: [-4, 0] } }, 0, /data_offsets/],
		['have fractional offsets', { a: { dtype: 'F32', shape: [1], data_offsets: [0.5, 4.5] } }, 4, /data_offsets/],
		['have three offsets', { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, 4, /data_offsets/],
		['have no offsets', { a: { dtype: 'F32', shape: [1] } }, 4, /data_offsets undefined/],
		[
			'disagree with their shape',
			{ a: tensor(0, 8, [3]) },
			8,
			/F32 \[3\]\) needs 12 bytes, but its data_offsets span 8/,
		],
		['have a product that overflows', { a: tensor(0, 0, [2 ** 52, 2 ** 52, 2 ** 52]) }, 0, /needs 3\d+ bytes/],
		['have negative dimensions', { a: tensor(0, 4, [-1, -1]) }, 4, /shape \[-1,-1\]/],
		['have no shape', { a: { dtype: 'F32', data_offsets: [0, 4] } }, 4, /shape undefined/],
		['have an unknown type', { a: tensor(0, 4, [1], 'F31') }, 4, /element type "F31"/],
		['have a type from the prototype', { a: tensor(0, 4, [1], 'toString') }, 4, /element type "toString"/],
		['are not objects', { a: 7 }, 0, /entry of tensor a is not an object/],
		['come with metadata that is not text', { __metadata__: { a: 1 } }, 0, /__metadata__/],
	])('tensors that %s', async (_, header, dataLength, message) => {
		await expect(readSafetensorsHeader(await fileOf(JSON.stringify(header), dataLength))).rejects.toThrow(message)
	})

	it('a name given twice', async () => {
		const entry = JSON.stringify(tensor(0, 4))
		await expect(readSafetensorsHeader(await fileOf(`{"a":${entry},"a":${entry}}`, 4))).rejects.toThrow(/key "a" twice/)
	})

	it('a missing file, and a folder', async () => {
		await expect(readSafetensorsHeader('/no/such/file')).rejects.toThrow('Cannot read /no/such/file')
		await expect(readSafetensorsHeader(await temporaryFolder())).rejects.toBeInstanceOf(NaptuneError)
	})

	it('never fails with anything but an error of ours, whatever byte of a header changes', async () => {
		const bytes = await readFile(fixture)
		const path = join(await temporaryFolder(), 'changed.safetensors')
		await fc.assert(
			fc.asyncProperty(fc.integer({ min: 0, max: 1200 }), fc.integer({ min: 0, max: 255 }), async (at, value) => {
				const changed = Buffer.from(bytes)
				changed[at] = value
				await writeFile(path, changed)
				const error = await readSafetensorsHeader(path).then(
					() => undefined,
					(error: unknown) => error,
				)
				return error === undefined || error instanceof NaptuneError
			}),
			{ numRuns: 200 },
		)
	})
})

describe('writing safetensors', () => {
	it('writes byte for byte what the reference implementation writes', async () => {
		const path = join(await temporaryFolder(), 'copy.safetensors')
		const tensors = [...(await readSafetensorsTensors(fixture))].reverse()
		await writeSafetensors(path, Object.fromEntries(tensors), { format: 'pt' })
		expect((await readFile(path)).equals(await readFile(fixture))).toBe(true)
	})

	it('brings back any tensors, aligned for their type', async () => {
		const path = join(await temporaryFolder(), 'a.safetensors')
		const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
		await fc.assert(
			fc.asyncProperty(
				fc.dictionary(fc.string(), fc.tuple(fc.constantFrom('F32', 'F16', 'U8', 'I64'), shape)),
				fc.dictionary(fc.string(), fc.string()),
				async (shapes, metadata) => {
					const widths = { F32: 4, F16: 2, U8: 1, I64: 8 }
					const tensors = Object.fromEntries(
						Object.entries(shapes)
							.filter(([name]) => name !== '__metadata__')
							.map(([name, [dtype, shape]]) => {
								const data = new Uint8Array(shape.reduce((product, n) => product * n, widths[dtype]))
								return [name, { dtype, shape, data: data.map((_, i) => i * 7 + name.length) }]
							}),
					)
					await writeSafetensors(path, tensors, metadata)
					const read = await readSafetensorsTensors(path)
					const header = await readSafetensorsHeader(path)
					expect(Object.fromEntries(read)).toEqual(tensors)
					expect({ ...header.metadata }).toEqual({ ...metadata })
					for (const { dtype, offset } of header.tensors.values()) {
						expect(offset % widths[dtype as keyof typeof widths]).toBe(0)
					}
				},
			),
			{ numRuns: 50 },
		)
	})

	it('takes typed arrays, also views of larger buffers', async () => {
		const path = join(await temporaryFolder(), 'a.safetensors')
		const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3)
		await writeSafetensors(path, { a: { dtype: 'F32', shape: [2], data } })
		const { data: bytes } = (await readSafetensorsTensors(path)).get('a')!
		expect([...new Float32Array(bytes.buffer)]).toEqual([1, 2])
	})

	it('refuses data that do not fit, and leaves no file', async () => {
		const path = join(await temporaryFolder(), 'a.safetensors')
		const write = (data: ArrayBufferView) => writeSafetensors(path, { a: { dtype: 'F32', shape: [2], data } })
		await expect(write(new Float32Array(3))).rejects.toThrow(/needs 8 bytes, but its Float32Array has 12/)
		await expect(write(new Float64Array(1))).rejects.toThrow(/is F32, but its numbers are given as Float64Array/)
		const short = { name: 'a', dtype: 'F32', shape: [2], chunks: () => [new Uint8Array(4)] } as const
		await expect(writeSafetensorsStream(path, [short])).rejects.toThrow(/needs 8 bytes, but 4 were produced/)
		await expect(writeSafetensorsStream(path, [short, short])).rejects.toThrow(/two tensors named a/)
		await expect(readFile(path)).rejects.toThrow(/ENOENT/)
	})
})
