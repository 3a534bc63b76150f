import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defined } from '../core/defined.js'
import { float32, type Tensor } from '../core/tensor.js'
import { ops } from '../onnx/index.js'
import { generator } from '../random/counter-based.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { fixedParameters, initialParameters } from './defense.js'
import { type RefinerOptions, refine, refinerParameters, refinerWidths } from './token-refiner.js'
import type { ParameterValues } from './tower-features.test.support.js'

const paper: RefinerOptions = { depth: 2, expansion: 2, init: 'torch', gate: 'none', norm: 'free', ensemble: 1 }
const [batch, count, width] = [2, 5, 12] as const

describe('a TokenRefiner', () => {
	let engine: ModelEngine
	let tokens: Tensor<'float32'>
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		const stream = generator(1, 'tokens')
		const values = Float32Array.from({ length: batch * count * width }, () => stream.normal())
		tokens = float32([batch, count, width], values)
	})
	afterAll(() => engine.close())

	const initial = (options: RefinerOptions, seed = 1) =>
		initialParameters({ parameters: new Map(refinerParameters('r', width, options)) }, seed)

	/** Refined tokens, and the spread of an ensemble. */
	async function run(options: RefinerOptions, values: ParameterValues) {
		const { after, spread } = refine(
			ops.input('tokens', 'float32', ['B', count, width]),
			'r',
			options,
			fixedParameters(values),
		)
		const program = await engine.compile({ after, ...defined({ spread: spread || undefined }) })
		const results = await program.run({ tokens })
		await program.release()
		return { after: results.after!.data as Float32Array, spread: results.spread }
	}
	const lengths = (data: Float32Array) =>
		Array.from({ length: batch * count }, (_, row) => Math.hypot(...data.subarray(row * width, (row + 1) * width)))

	it('of depth 0 is no correction and has no parameters', () => {
		const given = ops.input('tokens', 'float32', ['B', count, width])
		for (const options of [paper, { ...paper, gate: 'token', norm: 'preserve', ensemble: 3 } as const]) {
			const none = { ...options, depth: 0 }
			expect(refinerParameters('r', width, none)).toEqual([])
			expect(refine(given, 'r', none, fixedParameters({}))).toEqual({ before: given, after: given })
		}
	})

	it.each([
		[1, [12, 12]],
		[2, [12, 24, 12]],
		[3, [12, 24, 24, 12]],
		[4, [12, 24, 48, 24, 12]],
	])('of depth %i widens towards its middle', (depth, widths) => {
		expect(refinerWidths(width, { ...paper, depth })).toEqual(widths)
	})

	it.each([1, 3])('with kept length changes directions, not lengths (%i members)', async (ensemble) => {
		const options = { ...paper, ensemble }
		const values = await initial(options)
		const [free, kept] = [await run(options, values), await run({ ...options, norm: 'preserve' }, values)]
		const [before, after] = [lengths(tokens.data), lengths(kept.after)]
		// Squares of twelve numbers, a root, a division and a product: a few roundings of 6e-8.
		after.forEach((length, row) => {
			expect(Math.abs(length / before[row]! - 1)).toBeLessThan(5e-7)
		})
		const moved = lengths(free.after)
		expect(moved.some((length, row) => Math.abs(length / before[row]! - 1) > 0.01)).toBe(true)
		kept.after.forEach((value, at) => {
			const row = Math.floor(at / width)
			expect(value).toBeCloseTo((free.after[at]! * before[row]!) / moved[row]!, 5)
		})
	})

	it('as an ensemble of equal members is one refiner that does not disagree with itself', async () => {
		const single = await initial(paper)
		const copies = (members: number) =>
			Object.fromEntries(
				Object.entries(single).flatMap(([name, value]) => [
					[name, value],
					...Array.from({ length: members - 1 }, (_, at) => [name.replace('r.', `r.member${at + 2}.`), value]),
				]),
			)
		const one = await run(paper, single)
		const two = await run({ ...paper, ensemble: 2 }, copies(2))
		// Half of twice a number is that number, so two members are exact.
		expect(two.after).toEqual(one.after)
		expect(new Set(two.spread!.data as Float32Array)).toEqual(new Set([0]))
		const three = await run({ ...paper, ensemble: 3 }, copies(3))
		three.after.forEach((value, at) => {
			expect(value).toBeCloseTo(one.after[at]!, 5)
		})
		for (const spread of three.spread!.data) expect(Number(spread)).toBeLessThan(1e-6)
		expect(one.spread).toBeUndefined()
	})

	it('as an ensemble of different members adds their mean, and its spread is their standard deviation', async () => {
		const options = { ...paper, ensemble: 2 }
		const values = await initial(options)
		const own = (prefix: string) =>
			run(paper, Object.fromEntries(Object.entries(values).map(([name, value]) => [name.replace(prefix, 'r.'), value])))
		const [first, second] = [await own('r.'), await own('r.member2.')]
		const both = await run(options, values)
		expect(both.spread!.shape).toEqual([batch, count])
		both.after.forEach((value, at) => {
			expect(value).toBeCloseTo((first.after[at]! + second.after[at]!) / 2, 5)
		})
		both.spread!.data.forEach((spread, row) => {
			const halves = Array.from({ length: width }, (_, at) => {
				const index = row * width + at
				return (first.after[index]! - second.after[index]!) / 2
			})
			expect(Number(spread)).toBeCloseTo(Math.hypot(...halves) / Math.sqrt(width), 5)
			expect(Number(spread)).toBeGreaterThan(0.01)
		})
	})

	it.each([
		['none', 0, 1],
		['token', 0, 0.5],
		['token', 1e4, 1],
	] as const)('with gate %s of bias %d lets %d of the correction through', async (gate, bias, share) => {
		const values = await initial({ ...paper, gate })
		if (gate === 'token') values['r.gate.bias']!.data[0] = bias
		const free = await run(paper, values)
		const gated = await run({ ...paper, gate }, values)
		gated.after.forEach((value, at) => {
			const token = tokens.data[at]!
			expect(value).toBeCloseTo(token + share * (free.after[at]! - token), 5)
		})
	})

	it('with a closed gate passes every token on, bit for bit', async () => {
		const options = { ...paper, gate: 'token', ensemble: 2 } as const
		const values = await initial(options)
		values['r.gate.bias']!.data[0] = -1e4
		expect((await run(options, values)).after).toEqual(tokens.data)
	})

	it('opens its gate by token', async () => {
		const options = { ...paper, gate: 'token' } as const
		const values = await initial(options)
		// Reads the first number of a token alone: open where it is positive, closed where it is negative.
		values['r.gate.weight']!.data[0] = 1e4
		const [free, gated] = [await run(paper, values), await run(options, values)]
		const open = Array.from({ length: batch * count }, (_, row) => tokens.data[row * width]! > 0)
		expect(new Set(open).size).toBe(2)
		gated.after.forEach((value, at) => {
			const expected = open[Math.floor(at / width)] ? free.after : tokens.data
			expect(value).toBeCloseTo(expected[at]!, 5)
		})
	})
})
