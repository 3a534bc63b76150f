import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { decodeImage } from './decode.js'

const fixtures = new URL('../../fixtures/images/', import.meta.url)
const { files, refused } = JSON.parse(await readFile(new URL('expected.json', fixtures), 'utf8')) as {
	files: Record<string, { note: string; width: number; height: number; rgb: string }>
	refused: string[]
}
const pathOf = (name: string) => fileURLToPath(new URL(name, fixtures))
let folder: string

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-decode-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('decodeImage', () => {
	it.each(Object.entries(files))('gives the bytes of the reference for %s', async (name, expected) => {
		const image = await decodeImage(pathOf(name))
		expect([image.width, image.height]).toEqual([expected.width, expected.height])
		expect(Buffer.from(image.rgb).toString('base64')).toBe(expected.rgb)
	})

	it('has a reference for every picture of the folder', async () => {
		const pictures = (await readdir(fixtures)).filter((name) => !/\.(json|md)$/.test(name))
		expect(pictures.sort()).toEqual([...Object.keys(files), ...refused].sort())
	})

	it.each([
		['tiff-orient3.tif', 96, 64, '180 degrees'],
		['tiff-orient6.tif', 64, 96, 'clockwise'],
	])('turns %s upright, as Pillow does', async (name, width, height) => {
		const image = await decodeImage(pathOf(`../cases/images/${name}`))
		const plain = await decodeImage(pathOf('../cases/images/plain.png'))
		expect([image.width, image.height]).toEqual([width, height])
		const stored = (x: number, y: number) => (width === 96 ? [95 - x, 63 - y] : [y, 63 - x])
		for (let y = 0; y < height; y++) {
			for (let x = 0; x < width; x++) {
				const [column = 0, row = 0] = stored(x, y)
				const at = 3 * (row * 96 + column)
				const place = 3 * (y * width + x)
				expect(image.rgb.subarray(place, place + 3)).toEqual(plain.rgb.subarray(at, at + 3))
			}
		}
	})

	it('leaves AVIF as stored, whatever its boxes and EXIF say', async () => {
		const image = await decodeImage(pathOf('../cases/images/avif-orient6.avif'))
		expect([image.width, image.height]).toEqual([96, 64])
	})

	it('takes Y, Cb and Cr of a TIFF for what they are', async () => {
		const image = await decodeImage(pathOf('../cases/images/tiff-ycbcr.tif'))
		const plain = await decodeImage(pathOf('../cases/images/plain.png'))
		// Rounding to 8 bits on the way to Y, Cb and Cr and back.
		expect(Math.max(...image.rgb.map((level, at) => Math.abs(level - (plain.rgb[at] ?? 0))))).toBeLessThan(4)
	})

	it('decodes bytes like files', async () => {
		const path = pathOf('photo.jpg')
		expect(await decodeImage(await readFile(path))).toEqual(await decodeImage(path))
	})

	it('sees that a file has changed', async () => {
		const path = join(folder, 'changing.png')
		const write = (value: number) =>
			sharp({ create: { width: 2, height: 2, channels: 3, background: { r: value, g: 0, b: 0 } } })
				.png()
				.toFile(path)
		await write(10)
		expect((await decodeImage(path)).rgb[0]).toBe(10)
		await write(20)
		expect((await decodeImage(path)).rgb[0]).toBe(20)
	})

	it('decodes a picture 30,000 pixels wide', async () => {
		const rgb = Uint8Array.from({ length: 30_000 * 2 * 3 }, (_, at) => (at * 7) % 256)
		const path = join(folder, 'wide.png')
		await sharp(rgb, { raw: { width: 30_000, height: 2, channels: 3 } })
			.png()
			.toFile(path)
		const image = await decodeImage(path)
		expect([image.width, image.height]).toEqual([30_000, 2])
		expect(Buffer.compare(image.rgb, rgb)).toBe(0)
	})

	it('refuses a decompression bomb before it unpacks it', async () => {
		const bomb = Buffer.from(await readFile(pathOf('one-pixel.png')))
		// Width and height stand at bytes 16 and 20, the check sum of the header at 29.
		bomb.writeUInt32BE(100_000, 16)
		bomb.writeUInt32BE(100_000, 20)
		bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29)
		await expect(decodeImage(bomb, 'bomb.png')).rejects.toThrow(
			/bomb\.png has 100000 x 100000 pixels, more than the limit/,
		)
	})

	it.each([
		['text.jpg', 'This is a text file.', /text\.jpg is not a readable image/],
		['empty.png', '', /empty\.png is empty \(0 bytes\)/],
		[
			'drawing.png',
			'<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"><rect/></svg>',
			/drawing\.png is a file of the format SVG, which is not supported\. Expected JPEG/,
		],
	])('refuses %s by its path', async (name, content, message) => {
		const path = join(folder, name)
		await writeFile(path, content)
		await expect(decodeImage(path)).rejects.toThrow(message)
		await expect(decodeImage(path)).rejects.toThrow(NaptuneError)
	})

	it.each([
		'photo.jpg',
		'photo-progressive.jpg',
		'rgb.png',
		'photo.webp',
		'photo.gif',
		'photo.tiff',
		'../decoding/avif/rgb-420-full.avif',
	])('refuses %s truncated anywhere', async (name) => {
		const whole = await readFile(pathOf(name))
		for (const part of [0.02, 0.3, 0.6, 0.9]) {
			const cut = whole.subarray(0, Math.floor(whole.length * part))
			await expect(decodeImage(cut, `cut ${name}`)).rejects.toThrow(/^cut .* damaged/)
		}
	})

	it('says what is wrong with a missing file and a folder', async () => {
		await expect(decodeImage(join(folder, 'nothing.png'))).rejects.toThrow(/nothing\.png does not exist/)
		await expect(decodeImage(folder)).rejects.toThrow(/is a folder/)
	})

	it.each(refused)('refuses %s, whose numbers are not of 8 or 16 bits', async (name) => {
		await expect(decodeImage(pathOf(name))).rejects.toThrow(
			/is a TIFF file with .* numbers of 32 bits, which is not supported/,
		)
	})
})

/** The check sum of PNG chunks; Node has it only from version 22. */
function crc32(bytes: Uint8Array): number {
	let crc = 0xffffffff
	for (const byte of bytes) {
		crc ^= byte
		for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
	}
	return ~crc >>> 0
}
