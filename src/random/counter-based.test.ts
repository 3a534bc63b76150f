import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { generator, permutation, philox } from './counter-based.js'

const words = (text: string) => Uint32Array.from(text.split(' '), (word) => Number.parseInt(word, 16))

/** Known answers of Philox 4x32-10 from the Random123 distribution (`kat_vectors`): counter, key, output. */
const knownAnswers = [
	['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
	['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
	['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
] as const

/** First four words, and the first normal number instead, as drawn when Node.js's own SHA-256 made the keys. */
const recordedStreams = [
	{ seed: 0, keys: [], words: [2170422832, 1960632400, 3964520425, 4086238692], normal: 1.0505379112432496 },
	{
		seed: 1,
		keys: ['initial-parameters', 'text.context.0'],
		words: [1104865130, 2793168280, 2487248259, 3703902304],
		normal: -0.6778987927641855,
	},
	{
		seed: 7,
		keys: ['attack', 'test/airplane/0001.png', 3],
		words: [3313546312, 1409583425, 2719396571, 607051535],
		normal: -1.1511352842962475,
	},
	{
		seed: 2 ** 53 - 1,
		keys: ['ä – 漢字 🎲', '\ud800', -0.5, 1e300, ''],
		words: [366231544, 2906855189, 2351507607, 3034687051],
		normal: -0.40353308055062803,
	},
	{
		seed: 42,
		keys: ['x'.repeat(1000)],
		words: [1049209097, 123102591, 2236425620, 577739236],
		normal: -0.7421316534802832,
	},
]

const draw = (stream: { uint32(): number }, count: number) => Array.from({ length: count }, () => stream.uint32())

describe('philox', () => {
	it.each(knownAnswers)('gives the known answer for counter %s and key %s', (counter, key, output) => {
		const block = new Uint32Array(4)
		philox(words(counter), words(key), block)
		expect(block).toEqual(words(output))
	})
})

describe('generator', () => {
	it('is a function of seed and keys, and keeps its streams for good', () => {
		expect(draw(generator(1, 'image', 7), 6)).toEqual(draw(generator(1, 'image', 7), 6))
		// Recorded once; a change here would silently change every seeded result.
		expect(draw(generator(1, 'image', 7), 5)).toEqual([2033573320, 659981680, 2277812081, 2207134320, 3017847563])
	})

	it.each(recordedStreams)('gives the stream of seed $seed as recorded', ({ seed, keys, words, normal }) => {
		expect(draw(generator(seed, ...keys), words.length)).toEqual(words)
		expect(generator(seed, ...keys).normal()).toBe(normal)
	})

	it('gives unrelated streams for other seeds, keys and key types', () => {
		const streams = [
			generator(1),
			generator(2),
			generator(1, 'a'),
			generator(1, 'a', 'b'),
			generator(1, 'ab'),
			generator(1, 1),
			generator(1, '1'),
			generator(1, 1, 1),
			generator(2 ** 53 - 1),
		].map((stream) => draw(stream, 4).join())
		expect(new Set(streams).size).toBe(streams.length)
	})

	it('does not depend on what other generators draw in between', () => {
		const alone = draw(generator(3, 'x'), 8)
		const one = generator(3, 'x')
		const other = generator(3, 'y')
		const mixed = alone.map(() => {
			other.normal()
			return one.uint32()
		})
		expect(mixed).toEqual(alone)
	})

	it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the seed %d', (seed) => {
		expect(() => generator(seed)).toThrow(NaptuneError)
	})

	it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses the key %d, which has no name of its own', (key) => {
		expect(() => generator(1, key)).toThrow(NaptuneError)
	})

	it('has uniform numbers of 53 bits with the moments of the uniform distribution', () => {
		const stream = generator(1, 'uniform')
		const values = Array.from({ length: 20_000 }, () => stream.uniform())
		expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
		expect(values.some((value) => (value * 2 ** 32) % 1 !== 0)).toBe(true)
		const mean = values.reduce((sum, value) => sum + value, 0) / values.length
		const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
		// Standard errors are 0.002 and 0.0005.
		expect(Math.abs(mean - 1 / 2)).toBeLessThan(0.008)
		expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.002)
	})

	it('has normal numbers with the moments and the correlation of independent standard normals', () => {
		const stream = generator(1, 'normal')
		const values = Array.from({ length: 20_000 }, () => stream.normal())
		const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length
		const neighbours = values.slice(1).reduce((sum, value, index) => sum + value * values[index]!, 0) / values.length
		expect(Math.abs(moment(1))).toBeLessThan(0.03)
		expect(Math.abs(moment(2) - 1)).toBeLessThan(0.04)
		expect(Math.abs(moment(3))).toBeLessThan(0.12)
		expect(Math.abs(moment(4) - 3)).toBeLessThan(0.3)
		expect(Math.abs(neighbours)).toBeLessThan(0.03)
	})

	it('draws whole numbers below n evenly', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (n, seed) => {
				const value = generator(seed).below(n)
				return Number.isInteger(value) && value >= 0 && value < n
			}),
		)
		const stream = generator(1, 'below')
		const counts = [0, 0, 0, 0, 0, 0]
		for (let draws = 0; draws < 12_000; draws++) counts[stream.below(6)]!++
		const chiSquare = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)
		expect(chiSquare).toBeLessThan(20.5) // 5 degrees of freedom, probability 0.001
		// With modulo, two thirds of the words below this n would fall into the lower half of the range.
		const large = Array.from({ length: 3000 }, () => stream.below(3 * 2 ** 30))
		const lowerThird = large.filter((value) => value < 2 ** 30).length / large.length
		expect(Math.abs(lowerThird - 1 / 3)).toBeLessThan(0.04)
	})

	it.each([0, -1, 1.5, 2 ** 32 + 1])('refuses to draw below %d', (n) => {
		expect(() => generator(1).below(n)).toThrow(NaptuneError)
	})
})

describe('permutation', () => {
	it('holds every position once', () => {
		fc.assert(
			fc.property(fc.nat({ max: 200 }), fc.nat(), (n, seed) => {
				const order = permutation(generator(seed), n)
				expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, index) => index))
			}),
		)
	})

	it('takes all orders of three equally often', () => {
		const counts = new Map<string, number>()
		for (let seed = 0; seed < 3000; seed++) {
			const key = permutation(generator(seed), 3).join('')
			counts.set(key, (counts.get(key) ?? 0) + 1)
		}
		expect(counts.size).toBe(6)
		for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(90)
	})
})
