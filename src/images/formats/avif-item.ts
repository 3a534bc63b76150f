/** Extracts the primary picture of an AVIF file, without the declarations of how to show it. */

import { at as itemAt } from '../../core/at.js'
import { boxType, type IsoBox, isoBoxes, viewOfBytes } from './iso-boxes.js'
import { UnsupportedFeature } from './unsupported.js'

/** The container's declaration of the colours (`colr` of the kind `nclx`; ITU-T H.273 numbers). */
export interface DeclaredColours {
	readonly primaries: number
	readonly matrix: number
	readonly fullRange: boolean
}

/** One AV1 picture. */
export interface AvifItem {
	readonly width: number
	readonly height: number
	/** Content of its `av1C` box. */
	readonly configuration: Uint8Array
	/** Whether it has no chroma. */
	readonly grey: boolean
	/** The AV1 stream. */
	readonly stream: Uint8Array
	/** Whether another picture of the file is its opacity. */
	readonly opacity: boolean
	readonly colours?: DeclaredColours
}

/** @throws UnsupportedFeature naming the unsupported feature. @throws Error for a broken container. */
export function avifItem(file: Uint8Array): AvifItem {
	try {
		return primaryItem(file)
	} catch (cause) {
		// Numbers that lead out of a box.
		if (cause instanceof RangeError) throw new Error('its boxes are broken', { cause })
		throw cause
	}
}

function primaryItem(file: Uint8Array): AvifItem {
	const top = isoBoxes(file)
	const meta = top.find(({ type }) => type === 'meta')
	if (!meta) {
		if (top.some(({ type }) => type === 'moov')) throw new UnsupportedFeature('an animation without a still picture')
		throw new Error('it holds no pictures')
	}
	const boxes = isoBoxes(meta.content.subarray(4))
	const box = (type: string) => boxes.find((found) => found.type === type)?.content
	const primary = itemNumber(required(box('pitm'), 'pitm'))
	const kind = itemTypes(required(box('iinf'), 'iinf')).get(primary)
	if (kind === 'grid' || kind === 'iovl' || kind === 'iden') {
		throw new UnsupportedFeature('a picture composed of several (a grid or overlay)')
	}
	if (kind !== 'av01') throw new UnsupportedFeature(`a picture of the kind ${JSON.stringify(kind ?? 'unknown')}`)
	const references = box('iref')
	if (references && refersAs(references, 'prem', primary)) throw new UnsupportedFeature('premultiplied opacity')
	const properties = propertiesOf(required(box('iprp'), 'iprp'), primary)
	const layered = properties.find(({ type }) => ['a1lx', 'a1op', 'lsel'].includes(type))
	if (layered) throw new UnsupportedFeature(`a picture in layers (${layered.type})`)
	const cropped = properties.some(({ type }) => type === 'clap')
	if (cropped) throw new UnsupportedFeature('a clean aperture (a crop of the container)')
	const size = viewOfBytes(required(properties.find(({ type }) => type === 'ispe')?.content, 'ispe'))
	const configuration = required(properties.find(({ type }) => type === 'av1C')?.content, 'av1C')
	const declared = properties.find(({ type, content }) => type === 'colr' && boxType(content, 0) === 'nclx')?.content
	const item = {
		width: size.getUint32(4),
		height: size.getUint32(8),
		configuration,
		grey: (itemAt(configuration, 2) & 0x10) !== 0,
		opacity: references !== undefined && isReferredToAs(references, 'auxl', primary),
		stream: extents(file, required(box('iloc'), 'iloc'), box('idat'), primary),
	}
	if (!declared) return item
	const view = viewOfBytes(declared)
	const colours = {
		primaries: view.getUint16(4),
		matrix: view.getUint16(8),
		fullRange: view.getUint8(10) >= 0x80,
	}
	return { ...item, colours }
}

function required(content: Uint8Array | undefined, type: string): Uint8Array {
	if (content) return content
	throw new Error(`the box ${type} is missing`)
}

function itemNumber(pitm: Uint8Array): number {
	const view = viewOfBytes(pitm)
	return view.getUint8(0) === 0 ? view.getUint16(4) : view.getUint32(4)
}

function itemTypes(iinf: Uint8Array): Map<number, string> {
	const version = itemAt(iinf, 0)
	const types = new Map<number, string>()
	for (const { type, content } of isoBoxes(iinf.subarray(version === 0 ? 6 : 8))) {
		if (type !== 'infe') continue
		const view = viewOfBytes(content)
		const wide = view.getUint8(0) === 3
		types.set(wide ? view.getUint32(4) : view.getUint16(4), boxType(content, wide ? 10 : 8))
	}
	return types
}

/** Whether an item has references of a given type. */
function refersAs(iref: Uint8Array, type: string, item: number): boolean {
	const wide = itemAt(iref, 0) === 1
	return isoBoxes(iref.subarray(4)).some((box) => {
		const view = viewOfBytes(box.content)
		return box.type === type && (wide ? view.getUint32(0) : view.getUint16(0)) === item
	})
}

/** Whether any item has a reference of a given type to this one. */
function isReferredToAs(iref: Uint8Array, type: string, item: number): boolean {
	const size = itemAt(iref, 0) === 1 ? 4 : 2
	return isoBoxes(iref.subarray(4)).some((box) => {
		if (box.type !== type) return false
		const view = viewOfBytes(box.content)
		const number = (at: number) => (size === 4 ? view.getUint32(at) : view.getUint16(at))
		const count = view.getUint16(size)
		return Array.from({ length: count }, (_, index) => number(size + 2 + index * size)).includes(item)
	})
}

function propertiesOf(iprp: Uint8Array, item: number): IsoBox[] {
	const boxes = isoBoxes(iprp)
	const all = isoBoxes(required(boxes.find(({ type }) => type === 'ipco')?.content, 'ipco'))
	const own: IsoBox[] = []
	for (const { content } of boxes.filter(({ type }) => type === 'ipma')) {
		const view = viewOfBytes(content)
		const wideItems = view.getUint8(0) > 0
		const wideIndices = (view.getUint8(3) & 1) === 1
		const count = view.getUint32(4)
		let at = 8
		for (let index = 0; index < count; index++) {
			const number = wideItems ? view.getUint32(at) : view.getUint16(at)
			at += wideItems ? 4 : 2
			const associations = view.getUint8(at++)
			for (let association = 0; association < associations; association++) {
				const position = wideIndices ? view.getUint16(at) & 0x7fff : view.getUint8(at) & 0x7f
				at += wideIndices ? 2 : 1
				if (number === item && position > 0) own.push(itemAt(all, position - 1))
			}
		}
	}
	return own
}

/** The bytes of an item, assembled from the places listed in `iloc`. */
function extents(file: Uint8Array, iloc: Uint8Array, idat: Uint8Array | undefined, item: number): Uint8Array {
	const view = viewOfBytes(iloc)
	const version = view.getUint8(0)
	const sizes = view.getUint16(4)
	const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15]
	const indexSize = version > 0 ? sizes & 15 : 0
	let at = 6
	const number = (size: number): number => {
		const value =
			size === 0 ? 0 : size === 2 ? view.getUint16(at) : size === 4 ? view.getUint32(at) : Number(view.getBigUint64(at))
		at += size
		return value
	}
	const count = number(version < 2 ? 2 : 4)
	for (let index = 0; index < count; index++) {
		const id = number(version < 2 ? 2 : 4)
		const method = version > 0 ? number(2) & 15 : 0
		at += 2
		const base = number(baseSize)
		const parts = Array.from({ length: number(2) }, () => {
			at += indexSize
			return { offset: base + number(offsetSize), length: number(lengthSize) }
		})
		if (id !== item) continue
		const source = method === 0 ? file : method === 1 ? idat : undefined
		if (!source) throw new UnsupportedFeature(`data of the construction method ${method}`)
		// More bytes than the file holds could only be repeats.
		if (parts.reduce((sum, { length }) => sum + length, 0) > file.length)
			throw new Error('its data is longer than the file')
		return Buffer.concat(
			parts.map(({ offset, length }) => {
				const end = length === 0 ? source.length : offset + length
				if (end > source.length) throw new Error('its data ends beyond the end of the file')
				return source.subarray(offset, end)
			}),
		)
	}
	throw new Error('it does not say where its picture is')
}
