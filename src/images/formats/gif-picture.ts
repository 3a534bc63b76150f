/** Prepares the first picture of a GIF: its colours under transparency, and the area around it. */

import type { DecodedImage } from '../decoded-image.js'
import { UnsupportedFeature } from './unsupported.js'

/** Position of the first picture on the screen, and the fill colour of the rest. */
export interface GifPicture {
	/** The file, with the transparent colour of its first picture made opaque. */
	readonly bytes: Uint8Array
	readonly left: number
	readonly top: number
	readonly width: number
	readonly height: number
	/** The transparent colour, or the first of the palette, with which Pillow fills the screen. */
	readonly around: readonly [red: number, green: number, blue: number]
}

/** @throws UnsupportedFeature for a picture without any palette. @throws Error for a file that ends early. */
export function gifPicture(file: Uint8Array): GifPicture {
	const bytes = Uint8Array.from(file)
	const view = new DataView(bytes.buffer)
	try {
		return firstPicture(bytes, view)
	} catch (cause) {
		if (cause instanceof UnsupportedFeature) throw cause
		throw new Error('it ends before its first picture', { cause })
	}
}

function firstPicture(bytes: Uint8Array, view: DataView): GifPicture {
	const flags = view.getUint8(10)
	const global = flags & 0x80 ? 13 : undefined
	let at = 13 + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0)
	let transparent: number | undefined
	for (;;) {
		const block = view.getUint8(at)
		if (block === 0x2c) break
		if (block !== 0x21) throw new Error(`an unknown block ${block}`)
		if (view.getUint8(at + 1) === 0xf9 && view.getUint8(at + 2) >= 4) {
			if (view.getUint8(at + 3) & 1) transparent = view.getUint8(at + 6)
			bytes[at + 3] = view.getUint8(at + 3) & ~1
		}
		at = afterBlocks(view, at + 2)
	}
	const own = view.getUint8(at + 9) & 0x80 ? at + 10 : undefined
	const palette = own ?? global
	if (palette === undefined) throw new UnsupportedFeature('no palette')
	const colour = palette + 3 * (transparent ?? 0)
	const pixels = at + 10 + (own === undefined ? 0 : 3 << ((view.getUint8(at + 9) & 7) + 1))
	return {
		bytes,
		left: view.getUint16(at + 1, true),
		top: view.getUint16(at + 3, true),
		width: view.getUint16(at + 5, true),
		height: view.getUint16(at + 7, true),
		around: pixels > colour + 2 ? [bytes[colour]!, bytes[colour + 1]!, bytes[colour + 2]!] : [0, 0, 0],
	}
}

function afterBlocks(view: DataView, start: number): number {
	let at = start
	while (view.getUint8(at) > 0) at += view.getUint8(at) + 1
	return at + 1
}

/** Fills the area around the picture, in place. */
export function fillAround({ width, height, rgb }: DecodedImage, picture: GifPicture): void {
	const { left, top, around } = picture
	for (let y = 0, at = 0; y < height; y++) {
		const insideRows = y >= top && y < top + picture.height
		for (let x = 0; x < width; x++, at += 3) {
			if (!insideRows || x < left || x >= left + picture.width) rgb.set(around, at)
		}
	}
}
