/** Cases of operators that work entry by entry. */

import fc from 'fast-check'
import { float32, tensor } from '../../../core/tensor.js'
import * as ops from '../../ops.js'
import type { Value } from '../../value.js'
import { uniform } from '../gradient-check.test.support.js'
import {
	awayFromZero,
	between,
	broadcastShapesOf,
	broadcastTrials,
	type Domain,
	grid,
	operand,
	seeds,
	shapes,
	unaryTrials,
} from '../trials.test.support.js'
import { type Case, type Cases, emit, inDouble } from './case.test.support.js'

function unary(operator: string, domain: Domain): readonly Case[] {
	return [inDouble(unaryTrials(domain, (x) => emit(operator, [x])))]
}

function binary(operator: string, a: Domain, b: Domain): readonly Case[] {
	return [inDouble(broadcastTrials([a, b], (left, right) => emit(operator, [left, right])))]
}

/** Conditions change nothing while no operand crosses another: the cast result has derivative zero. */
function condition(build: (a: Value, b: Value) => Value): readonly Case[] {
	return [inDouble(broadcastTrials([grid(0), grid(0.1)], (a, b) => ops.cast(build(a, b), 'float64')))]
}

const anything = between(-2, 2)

export const elementwiseCases: Cases = {
	Identity: unary('Identity', anything),
	Neg: unary('Neg', anything),
	Exp: unary('Exp', anything),
	Log: unary('Log', between(0.5, 3)),
	Sqrt: unary('Sqrt', between(0.5, 3)),
	Reciprocal: unary('Reciprocal', awayFromZero(0.7, 2)),
	Abs: unary('Abs', awayFromZero(0.1, 2)),
	Sign: unary('Sign', awayFromZero(0.1, 2)),
	Ceil: unary('Ceil', grid(0.1)),
	Floor: unary('Floor', grid(0.1)),
	Round: unary('Round', grid(0.05)),
	Sin: unary('Sin', anything),
	Cos: unary('Cos', anything),
	Tanh: unary('Tanh', anything),
	Sigmoid: unary('Sigmoid', between(-6, 6)),
	// No float64 kernel either; a third derivative of at most 0.1 leaves rounding.
	Softplus: [
		{
			title: 'float32',
			trials: unaryTrials(between(-4, 4), (x) => emit('Softplus', [x])),
			precision: { type: 'float32', step: 1 / 32, tolerance: 1e-3, secondOrder: false },
		},
	],
	Relu: unary('Relu', awayFromZero(0.1, 2)),
	// No float64 kernel. The truncation error of a central difference is step² / 6 · |erf'''| ≤ 4e-5 · 2.3, plus
	// 6e-8 / step = 4e-6 of rounding per entry; up to 81 entries add up in one slope.
	Erf: [
		{
			title: 'float32',
			trials: unaryTrials(anything, (x) => emit('Erf', [x])),
			precision: { type: 'float32', step: 1 / 64, tolerance: 1e-3, secondOrder: false },
		},
	],
	Add: binary('Add', anything, anything),
	Sub: binary('Sub', anything, anything),
	Mul: binary('Mul', anything, anything),
	Div: binary('Div', anything, awayFromZero(0.7, 2)),
	Pow: [
		...binary('Pow', between(0.5, 2), anything),
		inDouble(
			unaryTrials(anything, (x) => ops.pow(x, 2)),
			'square of any sign',
		),
	],
	Max: binary('Max', grid(0), grid(0.1)),
	Min: binary('Min', grid(0), grid(0.1)),
	Equal: condition((a, b) => ops.equal(a, b)),
	Greater: condition((a, b) => ops.greater(a, b)),
	GreaterOrEqual: condition((a, b) => ops.greaterOrEqual(a, b)),
	Less: condition((a, b) => ops.less(a, b)),
	LessOrEqual: condition((a, b) => ops.lessOrEqual(a, b)),
	And: condition((a, b) => ops.and(ops.greater(a, b), ops.greater(a, -1))),
	Or: condition((a, b) => ops.or(ops.greater(a, b), ops.greater(a, 1.05))),
	Not: condition((a, b) => ops.not(ops.greater(a, b))),
	IsNaN: [
		inDouble(
			unaryTrials(anything, (x) => ops.where(emit('IsNaN', [x]), 0, ops.mul(x, x))),
			'of numbers, which it lets through',
		),
	],
	Mod: [
		inDouble(
			unaryTrials(grid(0.1), (x) => {
				const whole = ops.cast(ops.mul(x, 5), 'int64')
				return ops.add(ops.cast(emit('Mod', [whole, ops.cast(ops.literal(float32([], [3])), 'int64')]), 'float64'), x)
			}),
			'of integers, with derivative zero',
		),
	],
	Where: [
		inDouble(
			fc.record({ shapes: broadcastShapesOf(3), seed: seeds }).map(({ shapes: [condition, a, b], seed }) => {
				const random = uniform(seed)
				const holds = Uint8Array.from(operand(condition!.shape, between(0, 2), random).values)
				return {
					operands: [a!, b!].map(({ shape, declared }) => operand(shape, anything, random, declared)),
					fixed: [{ value: tensor('bool', condition!.shape, holds), declared: condition!.declared }],
					build: ([left, right], [chosen]) => ops.where(chosen!, left!, right!),
				}
			}),
		),
		inDouble(
			broadcastTrials([grid(0), grid(0.1)], (a, b) => ops.where(ops.greater(a, b), a, ops.mul(b, b))),
			'condition of the operands',
		),
	],
	Clip: [
		inDouble(unaryTrials(grid(0.1), (x) => ops.clip(x, -0.6, 0.8))),
		inDouble(
			fc.record({ shape: shapes(0, 3), seed: seeds }).map(({ shape, seed }) => {
				const random = uniform(seed)
				return {
					operands: [
						operand(shape, grid(0.1), random),
						operand([], between(-1.01, -0.99), random),
						operand([], between(0.99, 1.01), random),
					],
					build: ([x, least, most]) => emit('Clip', [x!, least!, most!]),
				}
			}),
			'limits that are operands',
		),
	],
	// A float32 input of a float64 result: the conversion is exact, so that only the sums of the feeds are rounded.
	Cast: [
		{
			title: 'float32 to float64',
			trials: unaryTrials(anything, (x) => ops.cast(x, 'float64')),
			precision: { type: 'float32', step: 0.25, tolerance: 1e-4, secondOrder: false },
		},
		inDouble(
			unaryTrials(grid(0.1), (x) => ops.cast(ops.cast(x, 'int64'), 'float64')),
			'through integers, with derivative zero',
		),
	],
}
