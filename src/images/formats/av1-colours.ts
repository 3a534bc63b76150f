/** Reads the colours declared by an AV1 stream, from its sequence header (AV1 specification, 5.5). */

import { at } from '../../core/at.js'
import type { DeclaredColours } from './avif-item.js'

const sequenceHeader = 1

/** @returns `undefined` if the bytes do not begin with a sequence header. @throws RangeError if they end inside it. */
export function av1Colours(stream: Uint8Array): DeclaredColours | undefined {
	let position = 0
	while (position < stream.length) {
		const head = at(stream, position++)
		if (head & 4) position++
		let size = stream.length - position
		if (head & 2) {
			size = 0
			for (let shift = 0; ; shift += 7) {
				const byte = at(stream, position++)
				size += (byte & 127) * 2 ** shift
				if (byte < 128 || shift > 21) break
			}
		}
		if (((head >> 3) & 15) === sequenceHeader) return colourConfig(stream.subarray(position, position + size))
		position += size
	}
	return undefined
}

function colourConfig(header: Uint8Array): DeclaredColours {
	let next = 0
	const bits = (count: number): number => {
		let value = 0
		for (let bit = 0; bit < count; bit++, next++) value = value * 2 + ((at(header, next >> 3) >> (7 - (next & 7))) & 1)
		return value
	}
	const flag = () => bits(1) === 1
	const profile = bits(3)
	bits(1)
	const reduced = flag()
	if (reduced) bits(5)
	else operatingPoints(bits, flag)
	const widthBits = bits(4) + 1
	const heightBits = bits(4) + 1
	bits(widthBits)
	bits(heightBits)
	// Numbers of frames: two lengths.
	if (!reduced && flag()) bits(7)
	bits(3)
	if (!reduced) interTools(bits, flag)
	bits(3)
	const deep = flag()
	if (profile === 2 && deep) bits(1)
	const grey = profile !== 1 && flag()
	const [primaries, transfer, matrix] = flag() ? [bits(8), bits(8), bits(8)] : [2, 2, 2]
	const isRgb = !grey && primaries === 1 && transfer === 13 && matrix === 0
	return { primaries, matrix, fullRange: isRgb || flag() }
}

type Bits = (count: number) => number

function operatingPoints(bits: Bits, flag: () => boolean): void {
	let delayBits: number | undefined
	if (flag()) {
		bits(64)
		if (flag()) {
			// A number with as many leading zeros as bits.
			let zeros = 0
			while (zeros < 32 && !flag()) zeros++
			bits(zeros)
		}
		if (flag()) {
			delayBits = bits(5) + 1
			bits(42)
		}
	}
	const displayDelays = flag()
	const points = bits(5) + 1
	for (let point = 0; point < points; point++) {
		bits(12)
		if (bits(5) > 7) bits(1)
		if (delayBits !== undefined && flag()) bits(2 * delayBits + 1)
		if (displayDelays && flag()) bits(4)
	}
}

function interTools(bits: Bits, flag: () => boolean): void {
	bits(4)
	const ordered = flag()
	if (ordered) bits(2)
	const chooses = flag()
	const screenTools = chooses || flag()
	if (screenTools && !flag()) bits(1)
	if (ordered) bits(3)
}
