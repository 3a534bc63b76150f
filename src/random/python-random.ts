/**
 * Python's `random.Random`, word for word: published few-shot splits were drawn with it (CPython, `Modules/_randommodule.c`
 * and `Lib/random.py`; the Mersenne Twister MT19937 of Matsumoto and Nishimura, 1998).
 */

import { NaptuneError } from '../core/errors.js'

/** The parts of Python's generator that sampling needs. Its state is its own. */
export interface PythonRandom {
	/** `getrandbits(32)`. */
	uint32(): number
	/** `random()`: uniform in [0, 1) with 53 bits. */
	random(): number
	/** `getrandbits(bits)` for 1 to 32 bits. */
	getrandbits(bits: number): number
	/** `randrange(n)` for 1 to 2^32 - 1. */
	randbelow(n: number): number
	/** `sample(population, count)`: items without replacement, in the order drawn. */
	sample<T>(population: readonly T[], count: number): T[]
	/** `shuffle(items)`, in place. */
	shuffle<T>(items: T[]): void
	/** `choice(items)`. */
	choice<T>(items: readonly T[]): T
}

const size = 624
const shift = 397

/**
 * The generator after `random.seed(seed)`.
 * @param seed A whole number from 0 to 2^53 - 1.
 * @throws NaptuneError otherwise.
 */
export function pythonRandom(seed: number): PythonRandom {
	if (!Number.isSafeInteger(seed) || seed < 0) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`A seed must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, got ${seed}.`,
		)
	}
	const state = seededState(seed)
	let position = size

	const uint32 = (): number => {
		if (position === size) {
			twist(state)
			position = 0
		}
		let word = state[position++]!
		word ^= word >>> 11
		word ^= (word << 7) & 0x9d2c5680
		word ^= (word << 15) & 0xefc60000
		return (word ^ (word >>> 18)) >>> 0
	}
	const getrandbits = (bits: number): number => {
		if (!Number.isInteger(bits) || bits < 1 || bits > 32) throw new RangeError(`can draw 1 to 32 bits, not ${bits}`)
		return uint32() >>> (32 - bits)
	}
	const randbelow = (n: number): number => {
		if (!Number.isInteger(n) || n < 1 || n >= 2 ** 32) throw new RangeError(`cannot draw a whole number below ${n}`)
		const bits = 32 - Math.clz32(n)
		let drawn = getrandbits(bits)
		while (drawn >= n) drawn = getrandbits(bits)
		return drawn
	}
	return {
		uint32,
		getrandbits,
		randbelow,
		random: () => ((uint32() >>> 5) * 0x4000000 + (uint32() >>> 6)) / 2 ** 53,
		sample: (population, count) => sample(population, count, randbelow),
		shuffle(items) {
			for (let last = items.length - 1; last > 0; last--) {
				const other = randbelow(last + 1)
				const kept = items[last]!
				items[last] = items[other]!
				items[other] = kept
			}
		},
		choice: (items) => items[randbelow(items.length)]!,
	}
}

/** `init_by_array` with the seed's 32-bit words, lowest first. */
function seededState(seed: number): Uint32Array {
	const high = Math.floor(seed / 2 ** 32)
	const key = high === 0 ? [seed] : [seed >>> 0, high]
	const state = new Uint32Array(size)
	state[0] = 19650218
	const mixed = (index: number) => state[index - 1]! ^ (state[index - 1]! >>> 30)
	for (let index = 1; index < size; index++) state[index] = Math.imul(1812433253, mixed(index)) + index
	let index = 1
	const advance = () => {
		index++
		if (index === size) {
			state[0] = state[size - 1]!
			index = 1
		}
	}
	for (let step = 0; step < size; step++) {
		const part = step % key.length
		state[index] = (state[index]! ^ Math.imul(mixed(index), 1664525)) + key[part]! + part
		advance()
	}
	for (let step = 1; step < size; step++) {
		state[index] = (state[index]! ^ Math.imul(mixed(index), 1566083941)) - index
		advance()
	}
	state[0] = 0x80000000
	return state
}

function twist(state: Uint32Array): void {
	for (let index = 0; index < size; index++) {
		const joined = (state[index]! & 0x80000000) | (state[(index + 1) % size]! & 0x7fffffff)
		state[index] = state[(index + shift) % size]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0)
	}
}

function sample<T>(population: readonly T[], count: number, randbelow: (n: number) => number): T[] {
	const n = population.length
	if (!Number.isInteger(count) || count < 0 || count > n) {
		throw new RangeError(`cannot draw ${count} of ${n} without replacement`)
	}
	const drawn: T[] = []
	// Python guesses which of a list and a set takes less memory; the guess decides which numbers are drawn.
	const listLimit = 21 + (count > 5 ? 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 0)
	if (n <= listLimit) {
		const pool = [...population]
		for (let left = n; left > n - count; left--) {
			const at = randbelow(left)
			drawn.push(pool[at]!)
			pool[at] = pool[left - 1]!
		}
		return drawn
	}
	const chosen = new Set<number>()
	for (let taken = 0; taken < count; taken++) {
		let at = randbelow(n)
		while (chosen.has(at)) at = randbelow(n)
		chosen.add(at)
		drawn.push(population[at]!)
	}
	return drawn
}
