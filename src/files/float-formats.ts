/** Converts between float32 and the formats that checkpoints use. Bits in, bits out; rounds only where stated. */

import { at } from '../core/at.js'
import type { Dtype } from './safetensors-dtype.js'

/** Element types that can be read as float32. */
export type FloatDtype = 'F16' | 'BF16' | 'F32' | 'F64'

/** Whether tensors of this type can be read as float32. */
export function isFloatDtype(dtype: Dtype): dtype is FloatDtype {
	return dtype === 'F16' || dtype === 'BF16' || dtype === 'F32' || dtype === 'F64'
}

/**
 * Little-endian elements as float32: exact for F16 and BF16 (infinities and NaNs included), rounded to nearest for F64.
 * @param bytes Whole elements, at any alignment.
 * @returns A new array.
 */
export function toFloat32(dtype: FloatDtype, bytes: Uint8Array): Float32Array<ArrayBuffer> {
	// Copies if needed: typed arrays must start at a multiple of their element size.
	const { buffer, byteOffset } = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes)
	switch (dtype) {
		case 'F32':
			return new Float32Array(buffer, byteOffset, bytes.length / 4).slice()
		case 'F64':
			return Float32Array.from(new Float64Array(buffer, byteOffset, bytes.length / 8))
		case 'BF16': {
			const halves = new Uint16Array(buffer, byteOffset, bytes.length / 2)
			const bits = new Uint32Array(halves.length)
			for (let i = 0; i < halves.length; i++) bits[i] = at(halves, i) << 16
			return new Float32Array(bits.buffer)
		}
		case 'F16': {
			const halves = new Uint16Array(buffer, byteOffset, bytes.length / 2)
			const bits = new Uint32Array(halves.length)
			for (let i = 0; i < halves.length; i++) bits[i] = expandHalf(at(halves, i))
			return new Float32Array(bits.buffer)
		}
	}
}

/** The float32 bits of an IEEE half. */
function expandHalf(half: number): number {
	const sign = (half & 0x8000) << 16
	const exponent = (half >> 10) & 0x1f
	const fraction = half & 0x3ff
	if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13)
	if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13)
	if (fraction === 0) return sign
	// Subnormal: shift the leading one up to where float32 hides it.
	const shift = Math.clz32(fraction) - 21
	return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)
}

/**
 * Rounds float32 to IEEE half, to nearest, ties to even; above 65504 (after rounding) infinite.
 * @returns The halves' bits.
 */
export function toFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
	const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
	const result = new Uint16Array(values.length)
	for (let i = 0; i < bits.length; i++) result[i] = roundToHalf(at(bits, i))
	return result
}

function roundToHalf(bits: number): number {
	const sign = (bits >>> 16) & 0x8000
	const magnitude = bits & 0x7fffffff
	if (magnitude > 0x7f800000) return sign | 0x7e00
	if (magnitude >= 0x47800000) return sign | 0x7c00
	if (magnitude >= 0x38800000) {
		// Adding just under half a unit, plus the last kept bit, rounds ties to even; a carry moves into the exponent.
		const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
		return sign | ((rounded - 0x38000000) >>> 13)
	}
	const exponent = magnitude >>> 23
	if (exponent < 102) return sign
	const fraction = (magnitude & 0x7fffff) | 0x800000
	const shift = 126 - exponent
	const half = fraction >>> shift
	const rest = fraction & ((1 << shift) - 1)
	const middle = 1 << (shift - 1)
	return sign | (half + (rest > middle || (rest === middle && (half & 1) === 1) ? 1 : 0))
}

/** Whether float32 bytes hold an infinity or NaN: exactly those have all exponent bits set. */
export function hasNonFinite(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
	const words = new Uint32Array(bytes.buffer, bytes.byteOffset + from, (to - from) >> 2)
	for (let i = 0; i < words.length; i++) if ((at(words, i) & 0x7f800000) === 0x7f800000) return true
	return false
}
