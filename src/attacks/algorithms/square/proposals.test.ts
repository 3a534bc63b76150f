import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { range } from '../../../core/rows.js'
import { float32 } from '../../../core/tensor.js'
import { generator } from '../../../random/counter-based.js'
import { perturbationSizes } from '../../sets/check-perturbation.js'
import { type Area, copyArea, forEachRun, type ImageShape } from './area.js'
import { l2Proposals } from './l2-proposals.js'
import { linfProposals } from './linf-proposals.js'

const proposalsIn = { linf: linfProposals, l2: l2Proposals }
const norms = ['linf', 'l2'] as const

/** Random pixels of which some are black or white. */
function picture(shape: ImageShape, seed: number): Float32Array {
	const stream = generator(seed, 'picture')
	const size = shape[0] * shape[1] * shape[2]
	return Float32Array.from({ length: size }, () => Math.min(1, Math.max(0, 1.4 * stream.uniform() - 0.2)))
}

function inside(areas: readonly Area[], shape: ImageShape): ReadonlySet<number> {
	const places = new Set<number>()
	for (const area of areas) {
		forEachRun(area, shape, (start, end) => {
			for (const at of range(start, end)) places.add(at)
		})
	}
	return places
}

describe.each(norms)('proposals in %s', (norm) => {
	it('change nothing but squares, and stay in ball and box exactly', () => {
		const sizes = fc.record({ height: fc.integer({ min: 1, max: 13 }), width: fc.integer({ min: 1, max: 13 }) })
		const radius = fc.oneof(fc.constantFrom(1e-40, 1e-8, 1 / 255, 1), fc.double({ min: 1e-6, max: 1, noNaN: true }))
		fc.assert(
			fc.property(sizes, radius, fc.nat(), fc.boolean(), ({ height, width }, epsilon, seed, black) => {
				const shape = [3, height, width] as const
				const clean = black ? new Float32Array(3 * height * width) : picture(shape, seed)
				const proposals = proposalsIn[norm](shape, epsilon)(clean, generator(seed))
				const legal = (image: Float32Array) => {
					const [distance] = perturbationSizes(float32([1, ...shape], clean), float32([1, ...shape], image), norm)
					expect(distance).toBeLessThanOrEqual(epsilon)
					expect(image.every((value) => value >= 0 && value <= 1 && !Object.is(value, -0))).toBe(true)
				}
				const best = proposals.start()
				const tried = best.slice()
				legal(best)
				const choice = generator(seed, 'choice')
				for (const side of [5, 3, 3, 1, 1].map((side) => Math.min(side, height, width))) {
					const areas = proposals.propose(tried, side)
					legal(tried)
					expect(areas.every((area) => area.height === side && area.width === side)).toBe(true)
					expect(areas.length).toBe(norm === 'linf' ? 1 : 2)
					const places = inside(areas, shape)
					expect(tried.every((value, at) => value === best[at] || places.has(at))).toBe(true)
					const taken = choice.uniform() < 0.5
					for (const area of areas) copyArea(area, shape, taken ? tried : best, taken ? best : tried)
					if (taken) proposals.accept(best)
					expect(tried).toEqual(best)
				}
			}),
			{ numRuns: 150 },
		)
	})

	it('reach every place but the last row and column that a square could begin at', () => {
		const shape = [1, 8, 6] as const
		const proposals = proposalsIn[norm](shape, 0.1)(picture(shape, 1), generator(2))
		const image = proposals.start()
		const places = range(0, 600).map(() => proposals.propose(image, 3)[0]!)
		expect(new Set(places.map(({ top }) => top))).toEqual(new Set(range(0, 5)))
		expect(new Set(places.map(({ left }) => left))).toEqual(new Set(range(0, 3)))
	})
})

describe('in L-infinity', () => {
	const shape = [3, 7, 200] as const
	const grey = new Float32Array(3 * 7 * 200).fill(0.5)

	it('the start is vertical stripes, up or down by epsilon with equal chances, independent in channels and columns', () => {
		const image = linfProposals(shape, 0.1)(grey, generator(3)).start()
		const change = (channel: number, row: number, column: number) => image[(channel * 7 + row) * 200 + column]! - 0.5
		let ups = 0
		let turns = 0
		for (const channel of range(0, 3)) {
			for (const column of range(0, 200)) {
				const first = change(channel, 0, column)
				expect(Math.abs(first)).toBeCloseTo(0.1, 6)
				for (const row of range(1, 7)) expect(change(channel, row, column)).toBe(first)
				if (first > 0) ups++
				if (first !== change((channel + 1) % 3, 0, (column + 1) % 200)) turns++
			}
		}
		// Four standard deviations of 600 throws of a coin are 49.
		expect(Math.abs(ups - 300)).toBeLessThan(49)
		expect(Math.abs(turns - 300)).toBeLessThan(49)
	})

	it('a square has one end of the range per channel, drawn anew', () => {
		const proposals = linfProposals(shape, 0.1)(grey, generator(4))
		const image = proposals.start()
		const seen = new Set<string>()
		for (let query = 0; query < 100; query++) {
			const [square] = proposals.propose(image, 3)
			const signs = [0, 0, 0]
			forEachRun(square!, shape, (start, end, channel) => {
				for (const at of range(start, end)) signs[channel]! += Math.sign(image[at]! - 0.5)
			})
			expect(signs.map(Math.abs)).toEqual([9, 9, 9])
			seen.add(signs.join())
		}
		expect(seen.size).toBe(8)
	})
})

describe('in L2', () => {
	it('a proposal has the whole of epsilon where the box does not cut, and gets back what it cut', () => {
		const shape = [3, 20, 20] as const
		const size = (image: Float32Array, clean: Float32Array) =>
			perturbationSizes(float32([1, ...shape], clean), float32([1, ...shape], image), 'l2')[0]!
		const grey = new Float32Array(1200).fill(0.5)
		const free = l2Proposals(shape, 0.7)(grey, generator(5))
		const image = free.start()
		for (const side of [17, 13, 9, 9, 5, 5, 5, 3, 3, 3]) {
			expect(size(image, grey)).toBeGreaterThan(0.7 * (1 - 1e-6))
			free.propose(image, side)
			free.accept(image)
		}
		const black = new Float32Array(1200)
		const cut = l2Proposals(shape, 0.7)(black, generator(6))
		const dark = cut.start()
		cut.accept(dark)
		const start = size(dark, black)
		expect(start).toBeLessThan(0.7 * 0.9)
		const sizes = range(0, 60).map(() => {
			const before = dark.slice()
			const areas = cut.propose(dark, 5)
			// A search keeps what helps it; here what lets the change grow.
			const better = size(dark, black) > size(before, black)
			for (const area of better ? [] : areas) copyArea(area, shape, before, dark)
			if (better) cut.accept(dark)
			return size(dark, black)
		})
		expect(Math.max(...sizes)).toBeGreaterThan(0.7 * 0.97)
	})
})
