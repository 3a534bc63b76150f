/** Reads the tags of a TIFF's first picture (TIFF 6.0 and BigTIFF) before decoding. */

/** A tag. */
export interface TiffTag {
	/** 3 for 16-bit, 4 for 32-bit and 16 for 64-bit whole numbers, and so on. */
	readonly type: number
	/** Numbers; empty for other types. */
	readonly values: readonly number[]
	/** Position of the values, or of the offset to them, in the file. */
	readonly at: number
}

/** The first directory of a file. */
export interface TiffDirectory {
	readonly littleEndian: boolean
	readonly tags: ReadonlyMap<number, TiffTag>
}

/** Bytes of one value by type. */
const sizes: Readonly<Record<number, number>> = {
	1: 1,
	2: 1,
	3: 2,
	4: 4,
	5: 8,
	6: 1,
	7: 1,
	8: 2,
	9: 4,
	10: 8,
	11: 4,
	12: 8,
	13: 4,
	16: 8,
	17: 8,
	18: 8,
}

/** The most values of any tag that affects decoding: the 16-bit colour map. */
const mostValues = 3 << 16

/**
 * Reads the first directory, without values of tags longer than a colour map.
 * @throws Error when the file ends inside it.
 */
export function tiffDirectory(bytes: Uint8Array): TiffDirectory {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
	const littleEndian = view.getUint8(0) === 0x49
	const u16 = (at: number) => view.getUint16(at, littleEndian)
	const u32 = (at: number) => view.getUint32(at, littleEndian)
	const u64 = (at: number) => Number(view.getBigUint64(at, littleEndian))
	const tags = new Map<number, TiffTag>()
	try {
		const big = u16(2) === 43
		const start = big ? u64(8) : u32(4)
		const count = big ? u64(start) : u16(start)
		const length = big ? 20 : 12
		for (let index = 0; index < count; index++) {
			const entry = start + (big ? 8 : 2) + index * length
			const type = u16(entry + 2)
			const number = big ? u64(entry + 4) : u32(entry + 4)
			const inline = entry + (big ? 12 : 8)
			const size = sizes[type] ?? 0
			const at = size * number <= (big ? 8 : 4) ? inline : big ? u64(inline) : u32(inline)
			const read: Readonly<Record<number, (at: number) => number>> = {
				1: (place) => view.getUint8(place),
				3: u16,
				4: u32,
				5: (place) => u32(place) / u32(place + 4),
				16: u64,
			}
			const reader = read[type]
			const values =
				reader && number <= mostValues ? Array.from({ length: number }, (_, step) => reader(at + step * size)) : []
			// The first of duplicate tags counts, as in libtiff and Pillow.
			if (!tags.has(u16(entry))) tags.set(u16(entry), { type, values, at })
		}
	} catch (cause) {
		throw new Error('the directory of the first picture leads beyond the end of the file', { cause })
	}
	return { littleEndian, tags }
}
