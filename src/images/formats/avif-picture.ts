/**
 * Reads AVIF as Pillow does. Pillow's decoder (libavif with libyuv) and ours (libheif) decode the same Y, U and V from a
 * stream but convert them to different colours. So we wrap the stream in a new container that declares the planes to be
 * colours already, without rotation, mirroring or cropping, and convert the resulting planes to colours here.
 */

import { at } from '../../core/at.js'
import type { DecodedImage } from '../decoded-image.js'
import { av1Colours } from './av1-colours.js'
import { type AvifItem, avifItem } from './avif-item.js'
import { fourBytes, isoBox } from './iso-boxes.js'
import { UnsupportedFeature } from './unsupported.js'
import { upsampled } from './upsampling.js'
import { type YuvMatrix, yuvMatrices, yuvToRgb } from './yuv-to-rgb.js'

/** A picture to decode as Y, U and V. */
export interface AvifPicture {
	/** A file whose red, green and blue are V, Y and U. */
	readonly bytes: Uint8Array
	readonly width: number
	readonly height: number
	/** Conversion of the planes to colours; `planes` if they already are colours. */
	readonly matrix: YuvMatrix | 'planes' | 'grey' | 'grey of limited range'
	/** Whether there is no chroma. */
	readonly grey: boolean
	/** Whether chroma has half of the width, and of the height. */
	readonly half: readonly [across: boolean, down: boolean]
}

const matrixNames: Readonly<Record<number, string>> = {
	0: 'the identity (RGB)',
	4: 'FCC',
	7: 'SMPTE 240M',
	8: 'YCgCo',
	10: 'BT.2020 constant luminance',
	11: 'SMPTE 2085',
	13: 'chroma-derived constant luminance',
	14: 'ICtCp',
}

/**
 * @throws UnsupportedFeature naming a feature that would decode differently from Pillow.
 * @throws Error for a broken container.
 */
export function avifPicture(file: Uint8Array): AvifPicture {
	try {
		return planesOf(file)
	} catch (cause) {
		// Numbers that lead out of a box.
		if (cause instanceof RangeError) throw new Error('its boxes are broken', { cause })
		throw cause
	}
}

function planesOf(file: Uint8Array): AvifPicture {
	const item = avifItem(file)
	const flags = at(item.configuration, 2)
	if (flags & 0x40) throw new UnsupportedFeature(`${flags & 0x20 ? 12 : 10} bits per channel`)
	const { grey } = item
	const half: readonly [boolean, boolean] = [(flags & 8) !== 0 && !grey, (flags & 4) !== 0 && !grey]
	// The container's declaration takes precedence, if it has one.
	const colours = item.colours ?? av1Colours(item.configuration.subarray(4)) ?? av1Colours(item.stream)
	if (!colours) throw new Error('its stream has no sequence header')
	const { primaries, matrix, fullRange } = colours
	const family = matrix === 12 ? ({ 1: 1, 2: 1, 5: 6, 6: 6, 9: 9 } as Record<number, number>)[primaries] : matrix
	const known = { 1: 'bt709', 2: 'bt601', 5: 'bt601', 6: 'bt601', 9: 'bt2020' } as const
	const named = known[family as keyof typeof known]
	const common = { bytes: planesFile(item), width: item.width, height: item.height, grey, half }
	if (grey && (named || family === 0)) {
		if (fullRange) return { ...common, matrix: 'grey' }
		// With opacity the library takes another path, which rounds differently.
		return { ...common, matrix: item.opacity ? yuvMatrices[named ?? 'bt601'].limited : 'grey of limited range' }
	}
	if (family === 0 && fullRange && !half[0]) return { ...common, matrix: 'planes' }
	if (!named) {
		throw new UnsupportedFeature(`the colour matrix ${matrix} (${matrixNames[matrix] ?? 'unknown'})`)
	}
	return { ...common, matrix: yuvMatrices[named][fullRange ? 'full' : 'limited'] }
}

/** A file with only the stream, declared to be red, green and blue of full range. */
function planesFile({ width, height, configuration, stream }: AvifItem): Uint8Array {
	const text = (characters: string) => Buffer.from(characters, 'latin1')
	const zero = [0, 0, 0, 0]
	const properties = isoBox(
		'ipco',
		isoBox('ispe', zero, fourBytes(width), fourBytes(height)),
		isoBox('av1C', configuration),
		// Primaries and transfer unspecified, matrix 0: the identity.
		isoBox('colr', text('nclx'), [0, 2, 0, 2, 0, 0, 0x80]),
	)
	const association = isoBox('ipma', zero, fourBytes(1), [0, 1, 3, 1, 0x82, 3])
	const kind = isoBox('ftyp', text('avif'), zero, text('avifmif1miaf'))
	const before = (offset: number) =>
		isoBox(
			'meta',
			zero,
			isoBox('hdlr', zero, zero, text('pict'), zero, zero, zero, [0]),
			isoBox('pitm', zero, [0, 1]),
			isoBox('iloc', zero, [0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1], fourBytes(offset), fourBytes(stream.length)),
			isoBox('iinf', zero, [0, 1], isoBox('infe', [2, 0, 0, 0, 0, 1, 0, 0], text('av01'), [0])),
			isoBox('iprp', properties, association),
		)
	const offset = kind.length + before(0).length + 8
	return Buffer.concat([kind, before(offset), isoBox('mdat', stream)])
}

/** Turns V, Y and U of each pixel, as they were decoded, into colours, in place. */
export function colourPlanes({ width, height, rgb }: DecodedImage, { matrix, grey, half }: AvifPicture): void {
	if (matrix === 'planes') return
	if (matrix === 'grey' || matrix === 'grey of limited range') {
		for (let pixel = 0; pixel < rgb.length; pixel += 3) {
			const y = rgb[pixel]!
			const level = matrix === 'grey' ? y : Math.round((Math.min(Math.max(y - 16, 0), 219) * 255) / 219)
			rgb.fill(level, pixel, pixel + 3)
		}
		return
	}
	if (grey) {
		const none = new Uint8Array(width * height).fill(128)
		yuvToRgb(rgb, none, none, matrix)
		return
	}
	const u = upsampled(rgb, 2, width, height, half)
	const v = upsampled(rgb, 0, width, height, half)
	yuvToRgb(rgb, u, v, matrix)
}
