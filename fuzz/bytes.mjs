/** Mutations of bytes and of numbers in them. */

const interestingBytes = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x2e, 0x5b, 0x7b]
const interestingNumbers = [
	0n,
	1n,
	-1n,
	255n,
	256n,
	65535n,
	2n ** 31n - 1n,
	2n ** 31n,
	2n ** 32n - 1n,
	3_075_000_000n,
	2n ** 53n,
	2n ** 62n,
	-(2n ** 63n),
]
const interestingTexts = [
	'-1',
	'3075000000',
	'1e308',
	'-0',
	'0.5',
	'9007199254740993',
	'',
	'NaN',
	'1e-400',
	'99999999999999999999',
]

/** Mutations by name; each takes bytes and returns new ones. */
export const byteChanges = {
	flip(bytes, draw) {
		const at = draw.below(bytes.length)
		bytes[at] ^= 1 << draw.below(8)
		return bytes
	},
	set(bytes, draw) {
		bytes[draw.below(bytes.length)] = draw.chance(0.5) ? draw.pick(interestingBytes) : draw.below(256)
		return bytes
	},
	integer(bytes, draw) {
		const width = draw.pick([2, 4, 8])
		if (bytes.length < width) return bytes
		const at = draw.below(bytes.length - width + 1)
		const value = BigInt.asUintN(8 * width, draw.pick(interestingNumbers))
		for (let i = 0; i < width; i++) {
			const shift = BigInt(8 * (draw.bigEndian ? width - 1 - i : i))
			bytes[at + i] = Number((value >> shift) & 255n)
		}
		return bytes
	},
	cut(bytes, draw) {
		const at = draw.below(bytes.length)
		const length = 1 + draw.below(draw.chance(0.5) ? 8 : bytes.length - at)
		return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
	},
	truncate: (bytes, draw) => bytes.subarray(0, draw.below(bytes.length + 1)),
	double(bytes, draw) {
		const at = draw.below(bytes.length)
		const part = bytes.subarray(at, at + 1 + draw.below(64))
		const times = draw.chance(0.9) ? 1 : 200
		return Buffer.concat([bytes.subarray(0, at), ...new Array(times).fill(part), bytes.subarray(at)])
	},
	insert(bytes, draw) {
		const at = draw.below(bytes.length + 1)
		const some = Buffer.from(Array.from({ length: 1 + draw.below(16) }, () => draw.below(256)))
		return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at)])
	},
	swap(bytes, draw) {
		const length = 1 + draw.below(32)
		const a = draw.below(bytes.length)
		const b = draw.below(bytes.length)
		const kept = Buffer.from(bytes.subarray(a, a + length))
		bytes.copy(bytes, a, b, b + length)
		kept.copy(bytes, b)
		return bytes
	},
	/** A number written out in a text. */
	textNumber(bytes, draw) {
		const text = bytes.toString('latin1')
		const numbers = [...text.matchAll(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi)]
		if (numbers.length === 0) return bytes
		const { 0: number, index } = draw.pick(numbers)
		const changed = text.slice(0, index) + draw.pick(interestingTexts) + text.slice(index + number.length)
		return Buffer.from(changed, 'latin1')
	},
}

/** Applies one mutation. @param others Bytes of other inputs, from which pieces may be inserted. */
export function changeBytes(bytes, draw, others = []) {
	if (bytes.length === 0) return byteChanges.insert(bytes, draw)
	if (others.length > 0 && draw.chance(0.05)) {
		const other = draw.pick(others)
		const at = draw.below(bytes.length)
		return Buffer.concat([bytes.subarray(0, at), other.subarray(draw.below(other.length))])
	}
	draw.bigEndian = draw.chance(0.3)
	return byteChanges[draw.pick(Object.keys(byteChanges))](Buffer.from(bytes), draw)
}
