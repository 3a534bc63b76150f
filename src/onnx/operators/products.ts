/** Matrix products. */

import { at, last } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { broadcastShapes, describeShape, sameShape } from '../dimensions.js'
import {
	type Call,
	float,
	floatAttribute,
	int,
	intAttribute,
	ints,
	type Operator,
	required,
	requireFloat,
	requireSameType,
} from '../operator.js'
import type { Dimension, Value } from '../value.js'
import { reshapeTo, sumToShape } from './broadcasting.js'

function mismatch(call: Call, a: Value, b: Value): NaptuneError {
	return new NaptuneError(
		'NAP_GRAPH_INVALID',
		`${call.operator} cannot multiply ${describeShape(a.shape)} by ${describeShape(b.shape)}: inner sizes must be equal, and known to be equal.`,
	)
}

// One matrix for a whole batch (weights) is differentiated on rows: a product per sample, summed afterwards, would hold
// a gradient per sample, and a transpose of a constant would be a copy of the weight.
const matMul: Operator = {
	name: 'MatMul',
	doc: 'Matrix product over the last two axes, broadcasting the others. Operands have rank 2 or more.',
	infer: (call) => {
		const a = required(call, 0)
		const b = required(call, 1)
		requireSameType(call, a, b)
		requireFloat(call, a)
		if (a.shape.length < 2 || b.shape.length < 2) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`MatMul needs operands of rank 2 or more, got ${describeShape(a.shape)} and ${describeShape(b.shape)}; reshape vectors first.`,
			)
		}
		if (a.shape.at(-1) !== b.shape.at(-2)) throw mismatch(call, a, b)
		const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), 'MatMul')
		return [{ type: a.type, shape: [...batch, a.shape.at(-2)!, last(b.shape)] }]
	},
	gradient: ({ inputs, outputGradients, wanted, emit }) => {
		const a = at(inputs, 0)
		const b = at(inputs, 1)
		const dy = at(outputGradients, 0)
		const width = b.shape.length === 2 && a.shape.length > 2 ? b.shape[1] : undefined
		const depth = a.shape.at(-1)
		if (typeof width === 'number' && typeof depth === 'number') {
			const rows = (value: Value, size: number) => emit('Reshape', [value, emit.integers([-1, size])])
			const dyRows = rows(dy, width)
			return [
				wanted[0] ? reshapeTo(emit, emit('Gemm', [dyRows, b], { transB: int(1) }), a) : null,
				wanted[1] ? emit('Gemm', [rows(a, depth), dyRows], { transA: int(1) }) : null,
			]
		}
		const swap = (value: Value) => {
			const axes = value.shape.map((_, axis) => axis)
			const final = axes.length - 1
			return emit('Transpose', [value], { perm: ints([...axes.slice(0, -2), final, final - 1]) })
		}
		return [
			wanted[0] ? sumToShape(emit, emit('MatMul', [dy, swap(b)]), a) : null,
			wanted[1] ? sumToShape(emit, emit('MatMul', [swap(a), dy]), b) : null,
		]
	},
}

const gemm: Operator = {
	name: 'Gemm',
	attributes: { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
	doc: "alpha · A' · B' + beta · C on matrices, with A' and B' optionally transposed and C broadcast.",
	infer: (call) => {
		const a = required(call, 0)
		const b = required(call, 1)
		requireSameType(call, a, b)
		requireFloat(call, a)
		if (a.shape.length !== 2 || b.shape.length !== 2) throw mismatch(call, a, b)
		const [rows, inner] = oriented(a, intAttribute(call, 'transA', 0))
		const [innerB, columns] = oriented(b, intAttribute(call, 'transB', 0))
		if (inner !== innerB) throw mismatch(call, a, b)
		const c = call.inputs[2]
		if (c) {
			requireSameType(call, a, c)
			if (!sameShape(broadcastShapes([rows, columns], c.shape, 'Gemm'), [rows, columns])) {
				throw new NaptuneError(
					'NAP_GRAPH_INVALID',
					`Gemm can only add a tensor that broadcasts to its result ${describeShape([rows, columns])}, got ${describeShape(c.shape)}.`,
				)
			}
		}
		return [{ type: a.type, shape: [rows, columns] }]
	},
	// Gradients to A and B are plain MatMul where no transpose is needed: with transB = 1 (a linear layer as
	// Hugging Face stores it) the gradient to A is MatMul(dy, B), so one initializer serves both directions.
	gradient: (call) => {
		const { inputs, outputGradients, wanted, emit } = call
		const a = at(inputs, 0)
		const b = at(inputs, 1)
		const c = inputs[2] ?? null
		const dy = at(outputGradients, 0)
		const alpha = floatAttribute(call, 'alpha', 1)
		const transA = intAttribute(call, 'transA', 0)
		const transB = intAttribute(call, 'transB', 0)
		const times = (left: Value, transLeft: number, right: Value, transRight: number): Value =>
			transLeft === 0 && transRight === 0 && alpha === 1
				? emit('MatMul', [left, right])
				: emit('Gemm', [left, right], { alpha: float(alpha), transA: int(transLeft), transB: int(transRight) })
		const beta = floatAttribute(call, 'beta', 1)
		return [
			wanted[0] ? (transA ? times(b, transB, dy, 1) : times(dy, 0, b, 1 - transB)) : null,
			wanted[1] ? (transB ? times(dy, 1, a, transA) : times(a, 1 - transA, dy, 0)) : null,
			c && wanted[2] ? sumToShape(emit, beta === 1 ? dy : emit('Mul', [dy, emit.scalar(beta, dy.type)]), c) : null,
		]
	},
}

function oriented(value: Value, transposed: number): readonly [Dimension, Dimension] {
	const [rows, columns] = value.shape as readonly [Dimension, Dimension]
	return transposed ? [columns, rows] : [rows, columns]
}

export const productOperators: readonly Operator[] = [matMul, gemm]
