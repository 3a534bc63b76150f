/** Decides how to read a TIFF's first picture so that the result matches Pillow's, or why it is not supported. */

import { defined } from '../../core/defined.js'
import { type TiffDirectory, type TiffTag, tiffDirectory } from './tiff-directory.js'
import { UnsupportedFeature } from './unsupported.js'
import type { LumaChroma } from './ycbcr.js'

/** A picture with only features that are known to decode correctly. */
export interface TiffPicture {
	/** Width and height as stored. */
	readonly width: number
	readonly height: number
	/** 1 to 8. */
	readonly orientation: number
	/** The file with its orientation tag set to "as stored". */
	readonly bytes: Uint8Array
	/** Set if the decoder returns Y, Cb and Cr instead of colours. */
	readonly lumaChroma?: LumaChroma
}

const names = {
	width: 256,
	height: 257,
	compression: 259,
	photometric: 262,
	fillOrder: 266,
	orientation: 274,
	bits: 258,
	samples: 277,
	planes: 284,
	predictor: 317,
	colourMap: 320,
	tileWidth: 322,
	inkSet: 332,
	extra: 338,
	sampleFormat: 339,
	weights: 529,
	subsampling: 530,
	levels: 532,
	windowsMediaPhoto: 0xbc01,
} as const

const readCompressions: readonly number[] = [1, 2, 3, 4, 5, 7, 8, 32773, 32946]
const compressionNames: Readonly<Record<number, string>> = {
	6: 'old-style JPEG',
	22610: 'JPEG XR',
	32766: 'NeXT run lengths',
	32771: 'CCITT with word alignment',
	32809: 'ThunderScan',
	32908: 'PixarFilm',
	32909: 'PixarLog',
	32947: 'Kodak DCS',
	33003: 'JPEG 2000',
	33005: 'JPEG 2000',
	34661: 'JBIG',
	34676: 'SGI LogLuv',
	34677: 'SGI LogLuv',
	34712: 'JPEG 2000',
	34887: 'LERC',
	34892: 'lossy JPEG of DNG',
	34925: 'LZMA',
	34926: 'Zstandard',
	34933: 'PNG',
	50000: 'Zstandard',
	50001: 'WebP',
	50002: 'JPEG XL',
	52546: 'JPEG XL',
}

/** Meaning of a pixel's numbers, with their count and permitted bit depths. */
const kinds: Readonly<Record<number, { name: string; samples: number; bits: readonly number[] }>> = {
	0: { name: 'grey whose white is 0', samples: 1, bits: [1, 2, 4, 8] },
	1: { name: 'grey', samples: 1, bits: [1, 2, 4, 8, 16] },
	2: { name: 'RGB', samples: 3, bits: [8, 16] },
	3: { name: 'palette', samples: 1, bits: [1, 2, 4, 8] },
	5: { name: 'CMYK', samples: 4, bits: [8] },
	6: { name: 'YCbCr', samples: 3, bits: [8] },
}
const otherKinds: Readonly<Record<number, string>> = {
	4: 'a transparency mask',
	8: 'CIE L*a*b* colours',
	9: 'ICC L*a*b* colours',
	10: 'ITU L*a*b* colours',
	32803: 'a colour filter array (raw data of a camera)',
	32844: 'CIE log luminance',
	32845: 'CIE log luminance and chrominance',
	34892: 'linear raw data of a camera',
}

/**
 * Reads the tags and decides what to do. @throws UnsupportedFeature naming a feature that is not decoded, or not as in Pillow.
 * @throws Error for a broken directory.
 */
export function tiffPicture(file: Uint8Array): TiffPicture {
	const directory = tiffDirectory(file)
	const { tags } = directory
	const number = (tag: number, fallback: number) => tags.get(tag)?.values[0] ?? fallback
	if (tags.has(names.windowsMediaPhoto)) throw new UnsupportedFeature('Windows Media Photo (JPEG XR) data')
	const compression = number(names.compression, 1)
	if (!readCompressions.includes(compression)) {
		throw new UnsupportedFeature(
			`pixels compressed by ${compressionNames[compression] ?? `an unknown method (${compression})`}`,
		)
	}
	const photometric = number(names.photometric, -1)
	if (photometric < 0) throw new UnsupportedFeature('no photometric interpretation (tag 262)')
	const kind = kinds[photometric]
	if (!kind) {
		throw new UnsupportedFeature(otherKinds[photometric] ?? `an unknown photometric interpretation (${photometric})`)
	}
	refuseSamples(tags, photometric, kind, compression)
	const lumaChroma = photometric === 6 && compression !== 7 ? lumaChromaOf(tags, compression) : undefined
	const size = { width: number(names.width, 0), height: number(names.height, 0) }
	return { ...size, ...asStored(file, directory), ...defined({ lumaChroma }) }
}

/** @throws UnsupportedFeature for a number, type, order or layout of samples that would decode differently from Pillow. */
function refuseSamples(
	tags: ReadonlyMap<number, TiffTag>,
	photometric: number,
	{ name, samples: plain, bits: allowed }: { name: string; samples: number; bits: readonly number[] },
	compression: number,
): void {
	const values = (tag: number, fallback: readonly number[]) => tags.get(tag)?.values ?? fallback
	const extra = values(names.extra, [])
	const samples = values(names.samples, [compression === 7 ? plain : 1])[0] ?? 1
	const listed = values(names.bits, [1])
	const bits = listed[0] ?? 1
	const format = values(names.sampleFormat, [1])
	if (format.some((value) => value !== 1)) {
		const kind =
			format[0] === 2
				? 'signed whole numbers'
				: format[0] === 3
					? 'floating-point numbers'
					: 'numbers of an unusual type'
		throw new UnsupportedFeature(`${kind} of ${bits} bits`)
	}
	if (!allowed.includes(bits) || listed.some((value) => value !== bits)) {
		throw new UnsupportedFeature(`${name} of ${[...new Set(listed)].join(' and ')} bits per channel`)
	}
	if (photometric === 5 && values(names.inkSet, [1])[0] !== 1) throw new UnsupportedFeature('inks other than CMYK')
	const undeclared = photometric === 2 && samples === 4 && extra.length === 0
	const more = undeclared ? 1 : samples - plain
	if (more < 0 || (more > 0 && !undeclared && extra.length !== more)) {
		throw new UnsupportedFeature(`${name} with ${samples} channels, ${extra.length} of them declared as extra`)
	}
	if (more > 0 && !usableExtra(photometric, bits, undeclared ? [2] : extra)) {
		throw new UnsupportedFeature(
			`${name} of ${bits} bits with extra channels of the kinds ${extra.join(', ')}${extra[0] === 1 ? ' (premultiplied opacity)' : ''}`,
		)
	}
	const separate = values(names.planes, [1])[0] === 2
	if (separate && tags.has(names.tileWidth)) throw new UnsupportedFeature('tiles of separate colour planes')
	if (separate && photometric === 6) throw new UnsupportedFeature('separate planes of YCbCr')
	const raw = compression === 1
	if (separate && raw && (bits === 16 || (extra[0] === 0 && more > 0))) {
		throw new UnsupportedFeature(`uncompressed separate colour planes of ${name}, ${bits} bits, ${samples} channels`)
	}
	const reversed = values(names.fillOrder, [1])[0] === 2
	if (reversed && raw && ((photometric === 3 && bits < 8) || (photometric === 0 && bits === 8))) {
		throw new UnsupportedFeature(`bits in reversed order (fill order 2) of ${name} of ${bits} bits`)
	}
	const map = values(names.colourMap, [])
	// Some programs write 8-bit instead of 16-bit levels; Pillow turns those into black pictures.
	if (photometric === 3 && map.every((level) => level < 256)) {
		throw new UnsupportedFeature('a palette of 8-bit instead of 16-bit levels')
	}
}

/** Kinds: 0 unspecified, 1 premultiplied opacity, 2 opacity. */
function usableExtra(photometric: number, bits: number, extra: readonly number[]): boolean {
	const [first = 0, ...rest] = extra
	if (photometric === 0 || photometric === 1) return bits === 8 && rest.length === 0 && [0, 2].includes(first)
	if (photometric === 3) return bits === 8 && rest.length === 0 && [0, 2].includes(first)
	if (photometric !== 2) return false
	if (bits === 16) return rest.length === 0 && [0, 2].includes(first)
	return (rest.length === 0 ? [0, 1, 2, 999] : [0, 1, 2]).includes(first) && rest.every((kind) => kind === 0)
}

function lumaChromaOf(tags: ReadonlyMap<number, TiffTag>, compression: number): LumaChroma | undefined {
	// Without the tag, chroma should be half-size, but such files usually hold it at full size, and programs disagree.
	const given = tags.get(names.subsampling)?.values
	if (!given) throw new UnsupportedFeature('YCbCr without its subsampling (tag 530)')
	const [across = 2, down = 2] = given
	if (across !== 1 || down !== 1) {
		if (compression === 1) throw new UnsupportedFeature('uncompressed YCbCr with subsampled chroma')
		// The decoder converts these to colours itself.
		return undefined
	}
	if (compression === 1) return { rule: 'pillow' }
	return {
		rule: 'libtiff',
		weights: tags.get(names.weights)?.values ?? [0.299, 0.587, 0.114],
		levels: tags.get(names.levels)?.values ?? [0, 255, 128, 255, 128, 255],
	}
}

/** Removes the orientation from a copy, because the decoder refuses values that Pillow ignores. */
function asStored(file: Uint8Array, { tags, littleEndian }: TiffDirectory): { orientation: number; bytes: Uint8Array } {
	const tag = tags.get(names.orientation)
	const value = tag?.values[0] ?? 1
	if (!tag || tag.values.length === 0 || value === 1) return { orientation: 1, bytes: file }
	const bytes = Uint8Array.from(file)
	const view = new DataView(bytes.buffer)
	if (tag.type === 3) view.setUint16(tag.at, 1, littleEndian)
	else if (tag.type === 4) view.setUint32(tag.at, 1, littleEndian)
	else throw new UnsupportedFeature(`an orientation of the unusual type ${tag.type}`)
	return { orientation: value >= 1 && value <= 8 ? value : 1, bytes }
}
