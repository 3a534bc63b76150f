/** Cases of operators that combine entries along axes. */

import fc from 'fast-check'
import { integers } from '../../emit.js'
import { float, int } from '../../operator.js'
import { uniform } from '../gradient-check.test.support.js'
import {
	awayFromZero,
	between,
	type Domain,
	declare,
	distinct,
	operand,
	seeds,
	shapes,
	someAxes,
	symbolic,
	unaryTrials,
} from '../trials.test.support.js'
import { type Case, type Cases, emit, inDouble } from './case.test.support.js'

const anything = between(-2, 2)

function reduction(operator: string, domain: Domain): readonly Case[] {
	const axes = shapes(1, 4).chain((shape) =>
		fc.record({
			shape: fc.constant(shape),
			axes: someAxes(shape.length),
			keep: fc.nat(1),
			mask: symbolic,
			seed: seeds,
		}),
	)
	return [
		inDouble(
			axes.map(({ shape, axes, keep, mask, seed }) => ({
				operands: [operand(shape, domain, uniform(seed), declare(shape, mask))],
				build: ([x]) => emit(operator, [x!, integers(axes)], { keepdims: int(keep) }),
			})),
			'over some axes',
		),
		inDouble(
			unaryTrials(domain, (x) => emit(operator, [x], { keepdims: int(0) })),
			'over all axes',
		),
	]
}

function alongAxis(operator: string): readonly Case[] {
	return [
		inDouble(
			shapes(1, 4).chain((shape) =>
				fc
					.record({ axis: fc.integer({ min: -shape.length, max: shape.length - 1 }), mask: symbolic, seed: seeds })
					.map(({ axis, mask, seed }) => ({
						operands: [operand(shape, anything, uniform(seed), declare(shape, mask))],
						build: ([x]) => emit(operator, [x!], { axis: int(axis) }),
					})),
			),
		),
		inDouble(
			unaryTrials(anything, (x) => emit(operator, [x]), 1),
			'along the last axis by default',
		),
	]
}

/** Rows whose entries differ by 0.2 or more, so that no variance comes near zero, with scale and bias. */
function layerNormalization(results: number) {
	return fc
		.record({
			rows: shapes(0, 3),
			width: fc.integer({ min: 2, max: 5 }),
			bias: fc.boolean(),
			mask: symbolic,
			seed: seeds,
		})
		.map(({ rows, width, bias, mask, seed }) => {
			const random = uniform(seed)
			const shape = [...rows, width]
			return {
				operands: [
					operand(
						shape,
						distinct,
						random,
						declare(shape, mask, (axis) => axis < rows.length),
					),
					operand([width], anything, random),
					...(bias ? [operand([width], anything, random)] : []),
				],
				build: ([x, scale, shift]: readonly import('../../value.js').Value[]) =>
					emit.all('LayerNormalization', [x!, scale!, shift ?? null], { epsilon: float(1e-3) }).slice(0, results),
			}
		})
}

export const reductionCases: Cases = {
	ReduceSum: reduction('ReduceSum', anything),
	ReduceMean: reduction('ReduceMean', anything),
	ReduceMax: reduction('ReduceMax', distinct),
	ReduceMin: reduction('ReduceMin', distinct),
	ReduceL2: reduction('ReduceL2', awayFromZero(0.3, 2)),
	Softmax: alongAxis('Softmax'),
	LogSoftmax: alongAxis('LogSoftmax'),
	LayerNormalization: [
		inDouble(layerNormalization(1)),
		// Mean and 1 / deviation are float32 whatever the input is. The smallest deviation is 0.1 (width 2), where the
		// third derivative of its inverse is below 6 / 0.1⁴; a step of 2⁻¹⁰ leaves 6e4 · 1e-6 / 6 = 1e-2 of truncation
		// beside values of 10, and rounding adds 10 · 6e-8 / 1e-3 = 6e-4 per entry.
		{
			title: 'float32, with mean and inverse deviation as results',
			trials: layerNormalization(3),
			precision: { type: 'float32', step: 2 ** -10, tolerance: 1e-2, secondOrder: false },
		},
	],
}
