/** Changing the shape or order of axes without touching values. */

import { NaptuneError } from '../../errors.js'
import { broadcastShapes, describeShape, normalizeAxis, product, quotient, sameShape } from '../dimensions.js'
import { type Call, constantIntegers, type Emit, ints, intsAttribute, type Operator, required } from '../operator.js'
import type { Dimension, Shape, Value } from '../value.js'
import { sumToShape } from './broadcasting.js'

/**
 * The dimensions that a shape-like input stands for: the shape of a value (through `Shape`) or constants.
 * Graph building needs ranks and sizes at once, so nothing else is accepted.
 */
export function shapeInput(call: Call, index: number): Shape {
	const value = required(call, index)
	if (value.source.kind === 'node' && value.source.node.operator === 'Shape') {
		return value.source.node.inputs[0]!.shape
	}
	return constantIntegers(call, value)
}

/** The shape operand for a reshape to `shape`: the shape of `like` where several sizes are symbolic. */
function reshapeTo(emit: Emit, value: Value, like: Value): Value {
	if (sameShape(value.shape, like.shape)) return value
	const symbolic = like.shape.filter((dimension) => typeof dimension === 'string').length
	const target =
		symbolic <= 1
			? emit.integers(like.shape.map((dimension) => (typeof dimension === 'string' ? -1 : dimension)))
			: emit('Shape', [like])
	return emit('Reshape', [value, target])
}

function inferReshape(call: Call) {
	const x = required(call, 0)
	const target = shapeInput(call, 1)
	const copied = target.map((dimension, axis): Dimension => {
		if (dimension !== 0) return dimension
		const kept = x.shape[axis]
		if (kept === undefined) {
			throw new NaptuneError(
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
			`Reshape cannot turn ${describeShape(x.shape)} into ${describeShape(target)}: the numbers of elements differ.`,
		)
	}
	return [{ type: x.type, shape: copied.map((dimension) => (dimension === -1 ? rest : dimension)) }]
}

const reshape: Operator = {
	name: 'Reshape',
	doc: 'The same elements in another shape; -1 infers one size, 0 copies one.',
	infer: inferReshape,
	gradient: ({ inputs, outputGradients, emit }) => [reshapeTo(emit, outputGradients[0]!, inputs[0]!), null],
}

const unsqueeze: Operator = {
	name: 'Unsqueeze',
	doc: 'Inserts axes of size 1.',
	infer: (call) => {
		const x = required(call, 0)
		const added = constantIntegers(call, required(call, 1))
		const rank = x.shape.length + added.length
		const axes = new Set(added.map((axis) => normalizeAxis(axis, rank, 'Unsqueeze')))
		const rest = [...x.shape]
		return [{ type: x.type, shape: Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!)) }]
	},
	gradient: ({ inputs, outputGradients, emit }) => [emit('Squeeze', [outputGradients[0]!, inputs[1]!]), null],
}

const squeeze: Operator = {
	name: 'Squeeze',
	doc: 'Removes axes of size 1.',
	infer: (call) => {
		const x = required(call, 0)
		const rank = x.shape.length
		const axes = new Set(constantIntegers(call, required(call, 1)).map((axis) => normalizeAxis(axis, rank, 'Squeeze')))
		for (const axis of axes) {
			if (x.shape[axis] !== 1) {
				throw new NaptuneError(
					`Squeeze can only remove axes of size 1; axis ${axis} of ${describeShape(x.shape)} is not.`,
				)
			}
		}
		return [{ type: x.type, shape: x.shape.filter((_, axis) => !axes.has(axis)) }]
	},
	gradient: ({ inputs, outputGradients, emit }) => [emit('Unsqueeze', [outputGradients[0]!, inputs[1]!]), null],
}

const flatten: Operator = {
	name: 'Flatten',
	doc: 'A matrix: axes before `axis` become rows, the others columns.',
	infer: (call) => {
		const x = required(call, 0)
		const attribute = call.attributes.axis
		const axis = attribute?.kind === 'int' ? attribute.value : 1
		const split = axis < 0 ? axis + x.shape.length : axis
		return [{ type: x.type, shape: [product(x.shape.slice(0, split)), product(x.shape.slice(split))] }]
	},
	gradient: ({ inputs, outputGradients, emit }) => [reshapeTo(emit, outputGradients[0]!, inputs[0]!)],
}

function permutation(call: Pick<Call, 'attributes'>, rank: number): readonly number[] {
	const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis)
	return intsAttribute(call, 'perm', reversed)
}

const transpose: Operator = {
	name: 'Transpose',
	doc: 'Reorders axes.',
	infer: (call) => {
		const x = required(call, 0)
		const order = permutation(call, x.shape.length)
		if ([...order].sort((a, b) => a - b).some((axis, index) => axis !== index) || order.length !== x.shape.length) {
			throw new NaptuneError(
				`Transpose of ${describeShape(x.shape)} needs a permutation of its ${x.shape.length} axes, got [${order.join(', ')}].`,
			)
		}
		return [{ type: x.type, shape: order.map((axis) => x.shape[axis]!) }]
	},
	gradient: ({ inputs, attributes, outputGradients, emit }) => {
		const order = permutation({ attributes }, inputs[0]!.shape.length)
		const inverse = order.map((_, axis) => order.indexOf(axis))
		return [emit('Transpose', [outputGradients[0]!], { perm: ints(inverse) })]
	},
}

const expand: Operator = {
	name: 'Expand',
	doc: 'Broadcasts to a shape given by constants or by `Shape` of another value.',
	infer: (call) => {
		const x = required(call, 0)
		return [{ type: x.type, shape: broadcastShapes(x.shape, shapeInput(call, 1), 'Expand') }]
	},
	gradient: ({ inputs, outputGradients, emit }) => [sumToShape(emit, outputGradients[0]!, inputs[0]!), null],
}

const shape: Operator = {
	name: 'Shape',
	doc: 'The sizes of the axes as int64.',
	infer: (call) => [{ type: 'int64', shape: [required(call, 0).shape.length] }],
	gradient: 'none',
}

export const shapingOperators: readonly Operator[] = [reshape, unsqueeze, squeeze, flatten, transpose, expand, shape]
