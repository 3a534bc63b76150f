/**
 * Counter-based randomness: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
 * A stream is named by a seed and keys (an image's id, a step), so what one image draws does not depend on the batch it
 * is in, on the order, on the number of machines or on where a run was resumed.
 */

import { createHash } from 'node:crypto'
import { NaptuneError } from '../errors.js'
import type { Generator } from './generator.js'

type Block = [number, number, number, number]

/** High and low 32 bits of the product of two 32-bit unsigned integers. */
function multiply(a: number, b: number): [number, number] {
	const aLow = a & 0xffff
	const aHigh = a >>> 16
	const bLow = b & 0xffff
	const bHigh = b >>> 16
	const low = aLow * bLow
	const middle = aHigh * bLow + (low >>> 16)
	const cross = aLow * bHigh + (middle & 0xffff)
	const high = aHigh * bHigh + Math.floor(middle / 0x10000) + (cross >>> 16)
	return [high >>> 0, Math.imul(a, b) >>> 0]
}

/** One block of four random words: ten rounds of Philox over a 128-bit counter and a 64-bit key. */
export function philox(counter: Readonly<Block>, key: readonly [number, number]): Block {
	let [c0, c1, c2, c3] = counter
	let [k0, k1] = key
	for (let round = 0; round < 10; round++) {
		const [high0, low0] = multiply(0xd2511f53, c0)
		const [high1, low1] = multiply(0xcd9e8d57, c2)
		c0 = (high1 ^ c1 ^ k0) >>> 0
		c1 = low1
		c2 = (high0 ^ c3 ^ k1) >>> 0
		c3 = low0
		k0 = (k0 + 0x9e3779b9) >>> 0
		k1 = (k1 + 0xbb67ae85) >>> 0
	}
	return [c0, c1, c2, c3]
}

/**
 * The stream named by a seed and keys. Equal names give equal streams, different names independent ones.
 * @param seed A whole number from 0 to 2^53 - 1.
 * @param keys What the stream is for, such as a purpose and an image id. Numbers and strings are distinct keys.
 * @throws NaptuneError for a seed outside its range.
 */
export function generator(seed: number, ...keys: readonly (number | string)[]): Generator {
	if (!Number.isSafeInteger(seed) || seed < 0) {
		throw new NaptuneError(`A seed must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, got ${seed}.`)
	}
	// The keys may be long strings; a hash makes the Philox key and the upper half of the counter from them.
	const digest = createHash('sha256')
		.update(JSON.stringify([seed, ...keys]))
		.digest()
	const key = [digest.readUInt32LE(0), digest.readUInt32LE(4)] as const
	const upper = [digest.readUInt32LE(8), digest.readUInt32LE(12)] as const
	let block: Block = [0, 0, 0, 0]
	let position = 4
	let low = 0
	let high = 0
	let spare: number | undefined

	const uint32 = (): number => {
		if (position === 4) {
			block = philox([low, high, upper[0], upper[1]], key)
			position = 0
			low = (low + 1) >>> 0
			if (low === 0) high = (high + 1) >>> 0
		}
		return block[position++]!
	}
	const uniform = (): number => ((uint32() >>> 5) * 0x4000000 + (uint32() >>> 6)) / 2 ** 53
	return {
		uint32,
		uniform,
		normal() {
			if (spare !== undefined) {
				const value = spare
				spare = undefined
				return value
			}
			// Box and Muller; 1 - u is in (0, 1], so its logarithm is finite.
			const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
			const angle = 2 * Math.PI * uniform()
			spare = radius * Math.sin(angle)
			return radius * Math.cos(angle)
		},
		below(n) {
			if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
				throw new NaptuneError(`A random whole number below n needs n from 1 to 2^32, got ${n}.`)
			}
			// Words in the last, incomplete multiple of n would favour small numbers; they are drawn again.
			const limit = 2 ** 32 - (2 ** 32 % n)
			let word = uint32()
			while (word >= limit) word = uint32()
			return word % n
		},
	}
}

/** A uniformly random order of 0 to n - 1 (Fisher and Yates). */
export function permutation(stream: Generator, n: number): number[] {
	const order = Array.from({ length: n }, (_, index) => index)
	for (let last = n - 1; last > 0; last--) {
		const other = stream.below(last + 1)
		const kept = order[last]!
		order[last] = order[other]!
		order[other] = kept
	}
	return order
}
