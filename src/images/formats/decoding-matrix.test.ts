import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeImage } from '../decode.js'
import { pictureKind } from '../picture-kind.js'

const folder = new URL('../../../fixtures/decoding/', import.meta.url)

/** What Pillow makes of a file, or why it refuses it. */
interface Golden {
	readonly width?: number
	readonly height?: number
	readonly sha256?: string
	readonly highByte?: string
	readonly error?: string
}

const { files } = JSON.parse(await readFile(new URL('golden.json', folder), 'utf8')) as {
	files: Record<string, Golden>
}
const formats = ['avif', 'gif', 'jpeg', 'others', 'png', 'tiff', 'webp']

/** Files that Pillow does not read although they are sound, and others that hold the same pixels. */
const twins: Readonly<Record<string, string>> = {
	'tiff/big-mm.tif': 'tiff/big-ii.tif',
	'tiff/big-mm-lzw.tif': 'tiff/big-ii-lzw.tif',
}

const outcomes = new Map<string, string>()
const features = new Map<string, number>()

async function outcomeOf(name: string, golden: Golden): Promise<string> {
	try {
		const image = await decodeImage(fileURLToPath(new URL(name, folder)))
		const sha256 = createHash('sha256').update(image.rgb).digest('hex')
		const expected = files[twins[name] ?? ''] ?? golden
		const size = image.width === expected.width && image.height === expected.height
		if (expected.error !== undefined || !size) return 'wrong'
		if (sha256 === expected.sha256) return twins[name] ? 'as its twin' : 'equal'
		return sha256 === expected.highByte ? 'high byte' : 'wrong'
	} catch (error) {
		const named =
			/file with (.*), which is not supported\. Convert|is a file of the format (.*), which is not supported\./
		const [, feature, format] = named.exec((error as Error).message) ?? []
		const what = feature ?? format
		if (what === undefined) return golden.error === undefined ? `refused: ${(error as Error).message}` : 'broken'
		if (golden.error !== undefined) return 'refused by both'
		features.set(what, (features.get(what) ?? 0) + 1)
		return 'refused by name'
	}
}

beforeAll(async () => {
	for (const [name, golden] of Object.entries(files)) outcomes.set(name, await outcomeOf(name, golden))
})

describe('the matrix of pictures', () => {
	it('has a reference for every file', async () => {
		const found = await Promise.all(
			formats.map(async (format) => (await readdir(new URL(format, folder))).map((name) => `${format}/${name}`)),
		)
		expect(found.flat().sort()).toEqual(Object.keys(files).sort())
	})

	it('becomes what Pillow makes of it, or is refused by a message that names the feature', () => {
		const good = ['equal', 'as its twin', 'high byte', 'refused by name', 'refused by both', 'broken']
		expect([...outcomes].filter(([, outcome]) => !good.includes(outcome))).toEqual([])
	})

	it('is decoded in as many cells as before', () => {
		const counts = formats.map((format) => {
			const own = [...outcomes].flatMap(([name, outcome]) => (name.startsWith(`${format}/`) ? [outcome] : []))
			const kinds = [...new Set(own)].sort().map((kind) => `${kind} ${own.filter((other) => other === kind).length}`)
			return `${format}: ${kinds.join(', ')}`
		})
		expect(counts).toMatchInlineSnapshot(`
			[
			  "avif: equal 104, refused by both 8, refused by name 26",
			  "gif: equal 73, refused by name 1",
			  "jpeg: equal 61, refused by both 4",
			  "others: refused by both 8, refused by name 16",
			  "png: equal 70, high byte 4, refused by name 1",
			  "tiff: as its twin 2, equal 344, high byte 20, refused by both 146, refused by name 120",
			  "webp: equal 35",
			]
		`)
	})

	it('is refused for these features only, where Pillow reads it', () => {
		expect([...features].map(([feature, count]) => `${count} ${feature}`).sort()).toMatchInlineSnapshot(`
			[
			  "1 Apple's CgBI chunk (made by Xcode for iOS)",
			  "1 CMYK of 8 bits with extra channels of the kinds 0, 0",
			  "1 DDS",
			  "1 ICO",
			  "1 PCX",
			  "1 PFM",
			  "1 QOI",
			  "1 RGB of 16 bits with extra channels of the kinds 1 (premultiplied opacity)",
			  "1 SGI",
			  "1 TGA",
			  "1 YCbCr with 1 channels, 0 of them declared as extra",
			  "1 inks other than CMYK",
			  "1 no palette",
			  "1 no photometric interpretation (tag 262)",
			  "1 premultiplied opacity",
			  "1 signed whole numbers of 16 bits",
			  "1 signed whole numbers of 8 bits",
			  "1 the colour matrix 0 (the identity (RGB))",
			  "11 CMYK of 16 bits per channel",
			  "15 pixels compressed by LZMA",
			  "16 tiles of separate colour planes",
			  "2 10 bits per channel",
			  "2 12 bits per channel",
			  "2 CMYK of 8 bits with extra channels of the kinds 0",
			  "2 JPEG 2000",
			  "2 YCbCr without its subsampling (tag 530)",
			  "2 grey of 12 bits per channel",
			  "2 grey of 32 bits per channel",
			  "2 grey whose white is 0 of 16 bits per channel",
			  "2 separate planes of YCbCr",
			  "2 uncompressed separate colour planes of RGB, 16 bits, 3 channels",
			  "2 uncompressed separate colour planes of RGB, 16 bits, 4 channels",
			  "26 pixels compressed by Zstandard",
			  "3 BMP",
			  "3 pixels compressed by old-style JPEG",
			  "4 PNM (PBM, PGM or PPM)",
			  "4 a palette of 8-bit instead of 16-bit levels",
			  "4 the colour matrix 8 (YCgCo)",
			  "6 signed whole numbers of 32 bits",
			  "8 CIE L*a*b* colours",
			  "8 floating-point numbers of 32 bits",
			  "8 the colour matrix 4 (FCC)",
			  "8 the colour matrix 7 (SMPTE 240M)",
			]
		`)
	})

	it('has a kind wherever it is decoded', async () => {
		for (const [name, outcome] of outcomes) {
			if (outcome.startsWith('refused') || outcome === 'broken') continue
			const { colour } = await pictureKind(await readFile(new URL(name, folder)))
			expect(['rgb', 'grey', 'cmyk']).toContain(colour)
		}
	})
})
