/** Random shapes, values and broadcasts for trials of operators. */

import fc from 'fast-check'
import { elementCount } from '../../core/tensor.js'
import type { Dimension, Shape, Value } from '../value.js'
import { type Operand, type Trial, uniform } from './gradient-check.test.support.js'

/** Makes the values of an operand of some size. */
export type Domain = (count: number, random: () => number) => readonly number[]

/** Uniform between two bounds. */
export function between(least: number, most: number): Domain {
	return (count, random) => Array.from({ length: count }, () => least + (most - least) * random())
}

/** Of either sign, at least `least` from zero. */
export function awayFromZero(least: number, most: number): Domain {
	return (count, random) =>
		Array.from({ length: count }, () => (least + (most - least) * random()) * (random() < 0.5 ? -1 : 1))
}

/** Multiples of 0.2 plus an offset, so that operands of different offsets never meet: kinks stay 0.1 away. */
export function grid(offset: number): Domain {
	return (count, random) => Array.from({ length: count }, () => Math.floor(random() * 20 - 10) / 5 + offset)
}

/** Numbers at least 0.2 from each other, in random order. */
export const distinct: Domain = (count, random) => {
	const order = Array.from({ length: count }, (_, at) => [random(), at] as const).sort((a, b) => a[0] - b[0])
	return order.map(([, at]) => (at - count / 2) / 5)
}

export const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })

/** Sizes from 1 to 3. */
export function shapes(minRank: number, maxRank: number): fc.Arbitrary<readonly number[]> {
	return fc.array(fc.integer({ min: 1, max: 3 }), { minLength: minRank, maxLength: maxRank })
}

/** For each axis, whether its size is symbolic. */
export const symbolic = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })

const names = ['B', 'C', 'D', 'E', 'F', 'G', 'H', 'I']

/** The shape as a graph knows it, with a name for each axis of `mask`, counted from the last. */
export function declare(
	shape: readonly number[],
	mask: readonly boolean[],
	keep: (axis: number) => boolean = () => true,
): Shape {
	return shape.map((size, axis): Dimension => {
		const fromLast = shape.length - 1 - axis
		return mask[fromLast] && keep(axis) ? names[fromLast]! : size
	})
}

/** An operand of one shape with values of a domain. */
export function operand(
	shape: readonly number[],
	domain: Domain,
	random: () => number,
	declared: Shape = shape,
): Operand {
	return { shape, declared, values: domain(elementCount(shape), random) }
}

/** Trials of one operand of any shape, of which any sizes may be symbolic. */
export function unaryTrials(domain: Domain, build: (x: Value) => Value, minRank = 0, maxRank = 4): fc.Arbitrary<Trial> {
	return fc.record({ shape: shapes(minRank, maxRank), mask: symbolic, seed: seeds }).map(({ shape, mask, seed }) => ({
		operands: [operand(shape, domain, uniform(seed), declare(shape, mask))],
		build: ([x]) => build(x!),
	}))
}

/** Shapes that broadcast with each other in every way: fewer axes, axes of 1, symbolic sizes. */
export function broadcastShapesOf(
	count: number,
): fc.Arbitrary<readonly { shape: readonly number[]; declared: Shape }[]> {
	return fc
		.record({
			whole: shapes(0, 4),
			mask: symbolic,
			parts: fc.array(fc.record({ dropped: fc.nat(4), ones: symbolic }), { minLength: count, maxLength: count }),
		})
		.map(({ whole, mask, parts }) =>
			parts.map(({ dropped, ones }) => {
				const rest = whole.slice(Math.min(dropped, whole.length))
				const isOne = (axis: number) => ones[axis] === true
				const shape = rest.map((size, axis) => (isOne(axis) ? 1 : size))
				return { shape, declared: declare(shape, mask, (axis) => !isOne(axis)) }
			}),
		)
}

/** Trials of several operands that broadcast, each with values of its own domain. */
export function broadcastTrials(
	domains: readonly Domain[],
	build: (...operands: readonly Value[]) => Value,
): fc.Arbitrary<Trial> {
	return fc.record({ shapes: broadcastShapesOf(domains.length), seed: seeds }).map(({ shapes, seed }) => {
		const random = uniform(seed)
		return {
			operands: shapes.map(({ shape, declared }, at) => operand(shape, domains[at]!, random, declared)),
			build: (operands) => build(...operands),
		}
	})
}

/** Every subset of the axes of a shape, never empty, of which some count from the end. */
export function someAxes(rank: number): fc.Arbitrary<readonly number[]> {
	return fc
		.uniqueArray(fc.nat(rank - 1), { minLength: 1, maxLength: rank })
		.chain((axes) =>
			fc
				.array(fc.boolean(), { minLength: axes.length, maxLength: axes.length })
				.map((negative) => axes.map((axis, at) => (negative[at] ? axis - rank : axis))),
		)
}

/** Whole numbers from `least` to below `most`. */
export function whole(least: number, most: number, count: number, random: () => number): number[] {
	return Array.from({ length: count }, () => least + Math.floor(random() * (most - least)))
}

/** A shape of some rank, one of its axes (maybe counted from the end), and a seed. */
export function shapeAndAxis(minRank: number, maxRank: number) {
	return shapes(minRank, maxRank).chain((shape) =>
		fc.record({
			shape: fc.constant(shape),
			axis: fc.integer({ min: -shape.length, max: shape.length - 1 }),
			mask: symbolic,
			seed: seeds,
		}),
	)
}
