/** Cases of pooling. */

import fc from 'fast-check'
import { elementCount } from '../../../core/tensor.js'
import { int, ints } from '../../operator.js'
import { double, type Precision, type Trial, uniform } from '../gradient-check.test.support.js'
import { between, type Domain, distinct, operand, seeds } from '../trials.test.support.js'
import { type Cases, emit } from './case.test.support.js'

// ONNX Runtime averages in float32 only. Averages are linear: central differences are exact at any step.
const linear: Precision = { type: 'float32', step: 0.5, tolerance: 1e-4, secondOrder: true }

const pair = (least: number, most: number) =>
	fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))

/** Windows that overlap or not, with borders below their size, on images of which they may leave a part out. */
function windows(operator: string, domain: Domain, dilations: fc.Arbitrary<[number, number]>): fc.Arbitrary<Trial> {
	return fc
		.record({
			kernel: pair(1, 3),
			strides: pair(1, 3),
			dilations,
			pads: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
			channels: fc.integer({ min: 1, max: 3 }),
			image: pair(5, 7),
			seed: seeds,
		})
		.map(({ kernel, strides, dilations, pads, channels, image, seed }) => {
			const border = pads.map((amount, at) => Math.min(amount, kernel[at % 2]! - 1))
			const shape = [2, channels, ...image]
			return {
				operands: [operand(shape, domain, uniform(seed), ['B', ...shape.slice(1)])],
				build: ([x]) =>
					emit(operator, [x!], {
						kernel_shape: ints(kernel),
						strides: ints(strides),
						pads: ints(border),
						...(operator === 'MaxPool' ? { dilations: ints(dilations) } : { count_include_pad: int(1) }),
					}),
			}
		})
}

export const poolingCases: Cases = {
	MaxPool: [{ title: 'float64', trials: windows('MaxPool', distinct, pair(1, 2)), precision: double }],
	AveragePool: [
		{ title: 'float32', trials: windows('AveragePool', between(-2, 2), fc.constant([1, 1])), precision: linear },
	],
	GlobalAveragePool: [
		{
			title: 'float32',
			trials: fc.record({ image: pair(1, 5), seed: seeds }).map(({ image, seed }) => {
				const shape = [2, 3, ...image]
				return {
					operands: [
						{ shape, declared: ['B', ...shape.slice(1)], values: between(-2, 2)(elementCount(shape), uniform(seed)) },
					],
					build: ([x]) => emit('GlobalAveragePool', [x!]),
				}
			}),
			precision: linear,
		},
	],
}
