/**
 * Numbers that any language makes bit for bit from a seed with 32-bit integer arithmetic: element `index` of a stream
 * can be had without those before it. Not for sampling; for weights and inputs that a reference computes, too.
 */

/** The stream of test images, above the index of any weight. */
export const pixelStream = 0x10000

/** The 32-bit finalizer of MurmurHash3. */
function mix(value: number): number {
	let h = value ^ (value >>> 16)
	h = Math.imul(h, 0x85ebca6b)
	h ^= h >>> 13
	h = Math.imul(h, 0xc2b2ae35)
	return h ^ (h >>> 16)
}

/**
 * 24 random bits as a whole number in [0, 2^24).
 * @param seed, stream, index Whole numbers in [0, 2^32).
 */
export function seededBits(seed: number, stream: number, index: number): number {
	return mix(mix(index) + streamKey(seed, stream)) >>> 8
}

function streamKey(seed: number, stream: number): number {
	return mix(seed + Math.imul(0x9e3779b9, stream + 1))
}

/** What numbers to make: float32(offset + scale · v), with v uniform in [-1, 1) in steps of 2^-23. */
export interface SeededRange {
	readonly scale: number
	readonly offset: number
}

/**
 * Fills an array with elements `first`, `first + 1`, ... of a stream, computed in float64 and rounded once.
 * @param seed, stream Whole numbers in [0, 2^32).
 */
export function fillSeeded(
	target: Float32Array,
	seed: number,
	stream: number,
	{ scale, offset }: SeededRange,
	first = 0,
): void {
	const key = streamKey(seed, stream)
	for (let i = 0; i < target.length; i++) {
		target[i] = offset + scale * ((mix(mix(first + i) + key) >>> 8) * 2 ** -23 - 1)
	}
}

/**
 * Test images, uniform noise in [0, 1).
 * @param count Number of elements: images x 3 x height x width, row-major.
 */
export function seededPixels(seed: number, count: number): Float32Array<ArrayBuffer> {
	const pixels = new Float32Array(count)
	fillSeeded(pixels, seed, pixelStream, { scale: 0.5, offset: 0.5 })
	return pixels
}
