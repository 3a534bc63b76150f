/**
 * Counter-based randomness: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
 * A stream is named by a seed and keys (an image's id, a step), so an image's draws do not depend on its batch, the order,
 * the number of machines or where a run was resumed.
 */

import { NaptuneError } from '../core/errors.js'
import { sha256 } from '../core/sha256.js'
import type { Generator } from './generator.js'

/** High 32 bits of the 64-bit product of two 32-bit unsigned integers, in 16-bit halves so that doubles stay exact. */
function multiplyHigh(a: number, b: number): number {
	const aLow = a & 0xffff
	const aHigh = a >>> 16
	const bLow = b & 0xffff
	const bHigh = b >>> 16
	const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
	const cross = aLow * bHigh + (middle & 0xffff)
	return aHigh * bHigh + (middle >>> 16) + (cross >>> 16)
}

/**
 * One block of four random words: ten rounds of Philox.
 * @param counter 128 bits, lowest word first.
 * @param key 64 bits, lowest word first.
 * @param output Receives the four words.
 */
export function philox(counter: Uint32Array, key: Uint32Array, output: Uint32Array): void {
	let c0 = counter[0]!
	let c1 = counter[1]!
	let c2 = counter[2]!
	let c3 = counter[3]!
	let k0 = key[0]!
	let k1 = key[1]!
	for (let round = 0; round < 10; round++) {
		const high0 = multiplyHigh(0xd2511f53, c0)
		const high1 = multiplyHigh(0xcd9e8d57, c2)
		const low0 = Math.imul(0xd2511f53, c0)
		const low1 = Math.imul(0xcd9e8d57, c2)
		c0 = high1 ^ c1 ^ k0
		c1 = low1
		c2 = high0 ^ c3 ^ k1
		c3 = low0
		k0 = (k0 + 0x9e3779b9) | 0
		k1 = (k1 + 0xbb67ae85) | 0
	}
	output[0] = c0
	output[1] = c1
	output[2] = c2
	output[3] = c3
}

/**
 * The stream named by a seed and keys. Equal names give equal streams; different names give independent ones.
 * @param seed A whole number from 0 to 2^53 - 1.
 * @param keys What the stream is for, such as a purpose and an image id. Numbers and strings are distinct keys.
 * @throws NaptuneError for a seed outside its range, or a key that is not a finite number.
 */
export function generator(seed: number, ...keys: readonly (number | string)[]): Generator {
	if (!Number.isSafeInteger(seed) || seed < 0) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`A seed must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, got ${seed}.`,
		)
	}
	if (keys.some((part) => typeof part === 'number' && !Number.isFinite(part))) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The keys of a random stream must be strings or finite numbers, got ${keys.join(', ')}.`,
		)
	}
	// The keys may be long strings; a hash makes the Philox key and the upper half of the counter from them.
	const digest = new DataView(sha256(JSON.stringify([seed, ...keys])).buffer)
	const word = (at: number) => digest.getUint32(4 * at, true)
	const key = Uint32Array.of(word(0), word(1))
	const counter = Uint32Array.of(0, 0, word(2), word(3))
	const block = new Uint32Array(4)
	let position = 4
	let spare: number | undefined

	const uint32 = (): number => {
		if (position === 4) {
			philox(counter, key, block)
			position = 0
			counter[0]!++
			if (counter[0] === 0) counter[1]!++
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
				throw new NaptuneError(
					'NAP_ARGUMENT_INVALID',
					`A random whole number below n needs n from 1 to 2^32, got ${n}.`,
				)
			}
			// Words in the last, incomplete multiple of n would favour small numbers, so draw again.
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
