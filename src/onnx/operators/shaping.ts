/** Operators that change the shape or order of axes without changing values. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { broadcastShapes, describeShape, normalizeAxis, product, quotient } from '../dimensions.js'
import {
	type Call,
	constantIntegers,
	intAttribute,
	ints,
	intsAttribute,
	normalizeAxes,
	type Operator,
	required,
} from '../operator.js'
import { shapeEntries, symbolicIntegers } from '../symbolic-integers.js'
import type { Dimension, Shape } from '../value.js'
import { reshapeTo, sumToShape } from './broadcasting.js'

/**
 * The dimensions in a shape input: constants, the shape of a value, or computed from these.
 * @throws NaptuneError when they depend on data, because building a graph needs ranks and sizes.
 */
function shapeInput(call: Call, index: number): Shape {
	const value = required(call, index)
	const known = value.type === 'int64' ? symbolicIntegers(value) : undefined
	if (!known) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} needs a shape that is constant or computed from shapes, got ${value.type} ${describeShape(value.shape)} that depends on data.`,
		)
	}
	return known
}

function inferReshape(call: Call) {
	const x = required(call, 0)
	const target = shapeInput(call, 1)
	if (intAttribute(call, 'allowzero', 0) !== 0 && target.includes(0)) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			'Reshape to a shape with a size of 0 is not supported (allowzero = 1).',
		)
	}
	if (
		target.filter((dimension) => dimension === -1).length > 1 ||
		target.some((dimension) => typeof dimension === 'number' && dimension < -1)
	) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`Reshape needs sizes of at least 0 and at most one -1, got ${describeShape(target)} for ${describeShape(x.shape)}.`,
		)
	}
	const copied = target.map((dimension, axis): Dimension => {
		if (dimension !== 0) return dimension
		const kept = x.shape[axis]
		if (kept === undefined) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`Reshape of ${describeShape(x.shape)} to ${describeShape(target)} copies axis ${axis}, which the input does not have.`,
			)
		}
		return kept
	})
	const total = product(x.shape)
	const open = copied.indexOf(-1)
	const known = product(copied.filter((dimension) => dimension !== -1))
	const rest = quotient(total, known)
	if (rest === undefined || (open < 0 && rest !== 1)) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`Reshape cannot turn ${describeShape(x.shape)} into ${describeShape(target)}: the numbers of elements differ.`,
		)
	}
	return [{ type: x.type, shape: copied.map((dimension) => (dimension === -1 ? rest : dimension)) }]
}

const reshape: Operator = {
	name: 'Reshape',
	doc: 'The same elements in another shape; -1 infers one size, 0 copies one.',
	attributes: { allowzero: 'int' },
	infer: inferReshape,
	gradient: ({ inputs, outputGradients, emit }) => [reshapeTo(emit, at(outputGradients, 0), at(inputs, 0)), null],
}

const unsqueeze: Operator = {
	name: 'Unsqueeze',
	doc: 'Inserts axes of size 1.',
	infer: (call) => {
		const x = required(call, 0)
		const added = constantIntegers(call, required(call, 1))
		const rank = x.shape.length + added.length
		const axes = new Set(normalizeAxes(call, added, rank))
		const rest = [...x.shape]
		return [{ type: x.type, shape: Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!)) }]
	},
	gradient: ({ inputs, outputGradients, emit }) => [emit('Squeeze', [at(outputGradients, 0), at(inputs, 1)]), null],
}

const squeeze: Operator = {
	name: 'Squeeze',
	doc: 'Removes axes of size 1.',
	infer: (call) => {
		const x = required(call, 0)
		const rank = x.shape.length
		const axes = new Set(normalizeAxes(call, constantIntegers(call, required(call, 1)), rank))
		for (const axis of axes) {
			if (x.shape[axis] !== 1) {
				throw new NaptuneError(
					'NAP_GRAPH_INVALID',
					`Squeeze can only remove axes of size 1; axis ${axis} of ${describeShape(x.shape)} is not.`,
				)
			}
		}
		return [{ type: x.type, shape: x.shape.filter((_, axis) => !axes.has(axis)) }]
	},
	gradient: ({ inputs, outputGradients, emit }) => [emit('Unsqueeze', [at(outputGradients, 0), at(inputs, 1)]), null],
}

const flatten: Operator = {
	name: 'Flatten',
	doc: 'A matrix: axes before `axis` become rows, the others columns.',
	attributes: { axis: 'int' },
	infer: (call) => {
		const x = required(call, 0)
		const axis = intAttribute(call, 'axis', 1)
		// Unlike other axes, this one may equal the rank: everything becomes rows then.
		const split = axis === x.shape.length ? axis : normalizeAxis(axis, x.shape.length, 'Flatten')
		return [{ type: x.type, shape: [product(x.shape.slice(0, split)), product(x.shape.slice(split))] }]
	},
	gradient: ({ inputs, outputGradients, emit }) => [reshapeTo(emit, at(outputGradients, 0), at(inputs, 0))],
}

function permutation(call: Pick<Call, 'attributes'>, rank: number): readonly number[] {
	const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis)
	return intsAttribute(call, 'perm', reversed)
}

const transpose: Operator = {
	name: 'Transpose',
	doc: 'Reorders axes.',
	attributes: { perm: 'ints' },
	infer: (call) => {
		const x = required(call, 0)
		const order = permutation(call, x.shape.length)
		if ([...order].sort((a, b) => a - b).some((axis, index) => axis !== index) || order.length !== x.shape.length) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`Transpose of ${describeShape(x.shape)} needs a permutation of its ${x.shape.length} axes, got [${order.join(', ')}].`,
			)
		}
		return [{ type: x.type, shape: order.map((axis) => at(x.shape, axis)) }]
	},
	gradient: ({ inputs, attributes, outputGradients, emit }) => {
		const order = permutation({ attributes }, at(inputs, 0).shape.length)
		const inverse = order.map((_, axis) => order.indexOf(axis))
		return [emit('Transpose', [at(outputGradients, 0)], { perm: ints(inverse) })]
	},
}

const expand: Operator = {
	name: 'Expand',
	doc: 'Broadcasts to a shape given by constants or by `Shape` of another value.',
	infer: (call) => {
		const x = required(call, 0)
		return [{ type: x.type, shape: broadcastShapes(x.shape, shapeInput(call, 1), 'Expand') }]
	},
	gradient: ({ inputs, outputGradients, emit }) => [sumToShape(emit, at(outputGradients, 0), at(inputs, 0)), null],
}

const shape: Operator = {
	name: 'Shape',
	doc: 'The sizes of the axes as int64, or of those from start to end.',
	attributes: { start: 'int', end: 'int' },
	infer: (call) => {
		required(call, 0)
		return [{ type: 'int64', shape: [shapeEntries(call).length] }]
	},
	gradient: 'none',
}

export const shapingOperators: readonly Operator[] = [reshape, unsqueeze, squeeze, flatten, transpose, expand, shape]
