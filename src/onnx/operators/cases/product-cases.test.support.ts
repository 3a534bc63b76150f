/** Cases of matrix products and convolutions. */

import fc from 'fast-check'
import { float, int, ints } from '../../operator.js'
import * as ops from '../../ops.js'
import type { Value } from '../../value.js'
import { type Precision, type Trial, uniform } from '../gradient-check.test.support.js'
import { between, broadcastShapesOf, operand, seeds, symbolic } from '../trials.test.support.js'
import { type Case, type Cases, emit, inDouble } from './case.test.support.js'

const anything = between(-2, 2)
const size = fc.integer({ min: 1, max: 3 })

const matrices: fc.Arbitrary<Trial> = fc
	.record({ batch: broadcastShapesOf(2), sizes: fc.tuple(size, size, size), seed: seeds })
	.map(({ batch, sizes: [rows, inner, columns], seed }) => {
		const random = uniform(seed)
		const ends = [
			[rows, inner],
			[inner, columns],
		]
		return {
			operands: batch.map(({ shape, declared }, at) =>
				operand([...shape, ...ends[at]!], anything, random, [...declared, ...ends[at]!]),
			),
			build: ([a, b]) => ops.matmul(a!, b!),
		}
	})

/** Any size symbolic: rows, columns, even the inner one. */
const symbolicMatrices: fc.Arbitrary<Trial> = fc
	.record({ sizes: fc.tuple(size, size, size), names: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), seed: seeds })
	.map(({ sizes: [rows, inner, columns], names, seed }) => {
		const random = uniform(seed)
		const [m, k, n] = [names[0] ? 'M' : rows, names[1] ? 'K' : inner, names[2] ? 'N' : columns]
		return {
			operands: [
				operand([2, rows, inner], anything, random, ['B', m, k]),
				operand([inner, columns], anything, random, [k, n]),
			],
			build: ([a, b]) => ops.matmul(a!, b!),
		}
	})

const gemm: fc.Arbitrary<Trial> = fc
	.record({
		sizes: fc.tuple(size, size, size),
		transA: fc.nat(1),
		transB: fc.nat(1),
		alpha: fc.constantFrom(1, -0.5),
		beta: fc.constantFrom(1, 2.5),
		added: fc.constantFrom('none', 'matrix', 'row', 'column', 'vector', 'scalar'),
		mask: symbolic,
		seed: seeds,
	})
	.map(({ sizes: [m, k, n], transA, transB, alpha, beta, added, mask, seed }) => {
		const random = uniform(seed)
		const rows = mask[0] ? 'M' : m
		const shapeOfC = { none: null, matrix: [m, n], row: [1, n], column: [m, 1], vector: [n], scalar: [] }[added]
		const [a, declaredA] = transA
			? [
					[k, m],
					[k, rows],
				]
			: [
					[m, k],
					[rows, k],
				]
		return {
			operands: [
				operand(a, anything, random, declaredA),
				operand(transB ? [n, k] : [k, n], anything, random),
				...(shapeOfC
					? [
							operand(
								shapeOfC,
								anything,
								random,
								shapeOfC.length === 2 && shapeOfC[0] === m && m > 1 ? [rows, ...shapeOfC.slice(1)] : shapeOfC,
							),
						]
					: []),
			],
			build: (operands) =>
				emit('Gemm', operands, { transA: int(transA), transB: int(transB), alpha: float(alpha), beta: float(beta) }),
		}
	})

// ONNX Runtime has no float64 convolution. The result is linear in each operand, so along a direction it is a parabola,
// for which central differences are exact at any step: only rounding is left, sums of up to 100 products of float32
// below 10 in size, 1e-5 / 0.5 at worst.
const bilinear: Precision = { type: 'float32', step: 0.5, tolerance: 1e-4, secondOrder: true }

interface Geometry {
	readonly kernel: readonly [number, number]
	readonly strides: readonly [number, number]
	readonly dilations: readonly [number, number]
	readonly pads: readonly [number, number, number, number]

	readonly channels: readonly [number, number]
	readonly image: readonly [number, number]
	readonly bias: boolean
	readonly seed: number
}

const pair = (least: number, most: number) =>
	fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))

const geometries: fc.Arbitrary<Geometry> = fc.record({
	kernel: pair(1, 3),
	strides: pair(1, 3),
	dilations: pair(1, 2),
	pads: fc.tuple(fc.nat(1), fc.nat(1), fc.nat(1), fc.nat(1)),

	channels: pair(1, 3),
	image: pair(5, 7),
	bias: fc.boolean(),
	seed: seeds,
})

/** Windows that tile the image, which may have a border that none reaches. */
const patches: fc.Arbitrary<Geometry> = geometries.map((geometry) => ({
	...geometry,
	strides: geometry.kernel,
	dilations: [1, 1],
	pads: [0, 0, 0, 0],
}))

function convolution(geometry: fc.Arbitrary<Geometry>): fc.Arbitrary<Trial> {
	return geometry.map(({ kernel, strides, dilations, pads, channels: [inner, outer], image, bias, seed }) => {
		const random = uniform(seed)
		return {
			operands: [
				operand([2, inner, ...image], anything, random, ['B', inner, ...image]),
				operand([outer, inner, ...kernel], anything, random),
				...(bias ? [operand([outer], anything, random)] : []),
			],
			build: (operands) =>
				emit('Conv', operands, { strides: ints(strides), dilations: ints(dilations), pads: ints(pads) }),
		}
	})
}

function transposed(geometry: fc.Arbitrary<Geometry>): fc.Arbitrary<Trial> {
	return geometry.map(({ kernel, strides, dilations, pads, channels: [inner, outer], bias, seed }) => {
		const random = uniform(seed)
		return {
			operands: [
				operand([2, inner, 3, 2], anything, random, ['B', inner, 3, 2]),
				operand([inner, outer, ...kernel], anything, random),
				...(bias ? [operand([outer], anything, random)] : []),
			],
			build: (operands) =>
				emit('ConvTranspose', operands, {
					strides: ints(strides),
					dilations: ints(dilations),
					pads: ints(pads),
					output_padding: ints(strides.map((stride) => stride - 1)),
				}),
		}
	})
}

/** Enough channels that the weight's gradient is made of one product per entry of the kernel. */
const manyChannels: fc.Arbitrary<Geometry> = geometries.map((geometry) => ({
	...geometry,
	strides: [1, 1],
	channels: [16, geometry.channels[1]],
}))

/** Convolutions in groups, to images and weights. */
function inGroups(operator: 'Conv' | 'ConvTranspose'): Case {
	return {
		title: 'in groups',
		trials: geometries.map(({ kernel, strides, dilations, pads, channels: [inner, outer], image, seed }) => {
			const random = uniform(seed)
			const weight = operator === 'Conv' ? [2 * outer, inner, ...kernel] : [2 * inner, outer, ...kernel]
			return {
				operands: [
					operand([2, 2 * inner, ...image], anything, random, ['B', 2 * inner, ...image]),
					operand(weight, anything, random),
				],
				build: (operands) =>
					emit(operator, operands, {
						group: int(2),
						strides: ints(strides),
						dilations: ints(dilations),
						pads: ints(pads),
					}),
			}
		}),
		precision: bilinear,
	}
}

/** Grouped convolutions whose weights are constants. */
function grouped(operator: string): Case {
	return {
		title: 'in groups, to the images',
		trials: fc.record({ stride: size, seed: seeds }).map(({ stride, seed }) => {
			const random = uniform(seed)
			const weight = operand(operator === 'Conv' ? [6, 1, 2, 2] : [2, 3, 2, 2], anything, random)
			const literal: Value = ops.literal({
				type: 'float32',
				shape: weight.shape,
				data: Float32Array.from(weight.values),
			})
			return {
				operands: [operand([2, 2, 4, 5], anything, random, ['B', 2, 4, 5])],
				build: ([x]) => emit(operator, [x!, literal], { group: int(2), strides: ints([stride, 1]) }),
			}
		}),
		precision: bilinear,
	}
}

export const productCases: Cases = {
	MatMul: [inDouble(matrices), inDouble(symbolicMatrices, 'with symbolic sizes')],
	Gemm: [inDouble(gemm)],
	Conv: [
		{ title: 'float32', trials: convolution(geometries), precision: bilinear },
		{ title: 'float32, patches', trials: convolution(patches), precision: bilinear },
		{ title: 'float32, many channels', trials: convolution(manyChannels), precision: bilinear },
		inGroups('Conv'),
		grouped('Conv'),
	],
	ConvTranspose: [
		{ title: 'float32', trials: transposed(geometries), precision: bilinear },
		{ title: 'float32, patches', trials: transposed(patches), precision: bilinear },
		inGroups('ConvTranspose'),
		grouped('ConvTranspose'),
	],
}
