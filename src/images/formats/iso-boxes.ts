/** Boxes of ISO base media files (ISO 14496-12): read as views, written from parts. */

/** A box without its header. */
export interface IsoBox {
	readonly type: string
	readonly content: Uint8Array
}

/** Reads consecutive boxes. @throws Error when one ends beyond the bytes. */
export function isoBoxes(bytes: Uint8Array): IsoBox[] {
	const view = viewOfBytes(bytes)
	const boxes: IsoBox[] = []
	let at = 0
	while (at + 8 <= bytes.length) {
		const short = view.getUint32(at)
		const header = short === 1 ? 16 : 8
		if (at + header > bytes.length) break
		const length = short === 0 ? bytes.length - at : short === 1 ? Number(view.getBigUint64(at + 8)) : short
		if (length < header || at + length > bytes.length) {
			throw new Error(`the box ${boxType(bytes, at + 4)} ends beyond the end of the file`)
		}
		boxes.push({ type: boxType(bytes, at + 4), content: bytes.subarray(at + header, at + length) })
		at += length
	}
	return boxes
}

/** Four characters. */
export function boxType(bytes: Uint8Array, at: number): string {
	return String.fromCharCode(...bytes.subarray(at, at + 4))
}

/** A view for reading big-endian numbers. */
export function viewOfBytes(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Builds a box from parts. Numbers are single bytes. */
export function isoBox(type: string, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
	const content = Buffer.concat(parts.map((part) => (part instanceof Uint8Array ? part : Uint8Array.from(part))))
	const head = Buffer.alloc(8)
	head.writeUInt32BE(8 + content.length, 0)
	head.write(type, 4, 'latin1')
	return Buffer.concat([head, content])
}

/** A number as four bytes. */
export function fourBytes(value: number): number[] {
	return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}
