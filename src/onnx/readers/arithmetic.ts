/** Reads arithmetic and reductions from ONNX files. */

import { NaptuneError } from '../../core/errors.js'
import { normalizeAxis, product } from '../dimensions.js'
import { isFloat } from '../element-types.js'
import { integers, scalar } from '../emit.js'
import { constantIntegers, int, intAttribute } from '../operator.js'
import { isUneven, rowProducts } from '../operators/row-products.js'
import * as ops from '../ops.js'
import { asIs, operand, type Reader, without } from '../stored-node.js'
import { symbolicIntegers } from '../symbolic-integers.js'
import type { Value } from '../value.js'

/** Sum, Mean, Max and Min of any number of operands become chains of two. */
export function chain(operator: string, finish: (total: Value, count: number) => Value = (total) => total): Reader {
	return (node) => {
		const parts = node.inputs.map((_, index) => operand(node, index))
		if (parts.length === 0) throw new NaptuneError('NAP_ONNX_INVALID', `${node.operator} needs at least one input.`)
		return [
			finish(
				parts.reduce((total, part) => node.emit(operator, [total, part])),
				parts.length,
			),
		]
	}
}

/** Axes became an input in version 18 (13 for sums); an empty list means all axes unless `noop_with_empty_axes`. */
export function reduction(
	operator: string,
	prepare: (x: Value) => Value = (x) => x,
	finish: (y: Value) => Value = (y) => y,
): Reader {
	return (node) => {
		const { attributes, inputs, emit } = node
		const x = prepare(operand(node, 0))
		const listed = attributes.axes?.kind === 'ints' ? integers(attributes.axes.value) : null
		const axes = inputs[1] ?? listed
		const empty = !axes || constantIntegers(node, axes).length === 0
		if (empty && intAttribute(node, 'noop_with_empty_axes', 0) === 1) return [finish(x)]
		return [finish(emit(operator, empty ? [x] : [x, axes], without(attributes, 'axes', 'noop_with_empty_axes')))]
	}
}

/**
 * Sums or means. A reduction would sum some rows in an order that depends on the batch; these are multiplied by a constant
 * matrix instead, so that an image's results have the same bytes in every batch.
 */
export function rowReduction(
	operator: 'ReduceSum' | 'ReduceMean',
	prepare: (x: Value) => Value = (x) => x,
	finish: (y: Value) => Value = (y) => y,
): Reader {
	const general = reduction(operator, prepare, finish)
	return (node) => {
		const x = operand(node, 0)
		const stored = node.attributes.axes
		const axes = node.inputs[1] ? constantIntegers(node, node.inputs[1]) : stored?.kind === 'ints' ? stored.value : []
		const width = lastAxes(x, axes)
		if (node.own || width === undefined || !isUneven(x)) return general(node)
		const kept = x.shape.slice(0, -axes.length).map(() => 0)
		const prepared = prepare(x)
		const rows = axes.length === 1 ? prepared : ops.reshape(prepared, [...kept, width])
		const sums = finish(rowProducts(node.emit, rows, operator === 'ReduceMean' ? 1 / width : 1))
		if (intAttribute(node, 'keepdims', 1) !== 1) return [ops.squeeze(sums, [-1])]
		return [axes.length === 1 ? sums : ops.reshape(sums, [...kept, ...axes.map(() => 1)])]
	}
}

/** The number of entries along these axes, if they are the last ones, not all of them, and of fixed sizes. */
function lastAxes({ shape }: Value, axes: readonly number[]): number | undefined {
	const first = shape.length - axes.length
	const wanted = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)))
	if (axes.length === 0 || first === 0 || wanted.size < axes.length) return undefined
	if ([...wanted].some((axis) => axis < first || axis >= shape.length)) return undefined
	const count = product(shape.slice(first))
	return typeof count === 'number' ? count : undefined
}

/** log(sum(exp(x))), computed after subtracting the largest entry. */
export const logSumExp: Reader = (node) => {
	const kept = { ...node, attributes: { ...node.attributes, keepdims: int(1) } }
	const [largest] = reduction('ReduceMax')(kept)
	const shifted = ops.sub(operand(node, 0), largest!)
	const [total] = rowReduction('ReduceSum', ops.exp)({ ...kept, inputs: [shifted, ...node.inputs.slice(1)] })
	const result = ops.add(ops.log(total!), largest!)
	if (intAttribute(node, 'keepdims', 1) === 1) return [result]
	return reduction('ReduceMax')({ ...node, inputs: [result, ...node.inputs.slice(1)] })
}

/** Without training, dropout changes nothing. */
export const dropout: Reader = (node) => {
	const training = node.inputs[2]
	if (node.outputCount > 1 || (training && symbolicIntegers(training)?.[0] !== 0)) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			'Dropout is only supported for inference, without training mode and mask.',
		)
	}
	return [operand(node, 0)]
}

/** The exponent may have a different type than the base. */
export const pow: Reader = (node) => {
	const [base, exponent] = [operand(node, 0), operand(node, 1)]
	return [node.emit('Pow', [base, isFloat(base.type) ? ops.cast(exponent, base.type) : exponent])]
}

/** Limits were attributes before version 11. */
export const clip: Reader = (node) => {
	const { min, max } = node.attributes
	const x = operand(node, 0)
	const limit = (index: number, stored: typeof min): Value | null => {
		const value = node.inputs[index] ?? (stored?.kind === 'float' ? scalar(stored.value, x.type) : null)
		return value && value.shape.length > 0 ? ops.reshape(value, []) : value
	}
	return [node.emit('Clip', [x, limit(1, min), limit(2, max)])]
}

/** Before version 13 a softmax ran over all axes from the given one, which was 1 by default. */
export const softmax: Reader = (node) => {
	const x = operand(node, 0)
	const rank = x.shape.length
	if (node.opset >= 13) return asIs(node)
	const axis = normalizeAxis(intAttribute(node, 'axis', 1), rank, node.operator)
	if (axis === rank - 1) return [node.emit(node.operator, [x], { axis: int(-1) })]
	const rows = node.emit(node.operator, [ops.flatten(x, axis)], { axis: int(-1) })
	return [ops.reshapeLike(rows, x)]
}

/** Integer operators, which have no gradient anyway. */
export const integerOnly: Reader = (node) => {
	if (isFloat(operand(node, 0).type) && node.inputs.length > 1) {
		throw new NaptuneError('NAP_ONNX_UNSUPPORTED', `${node.operator} is only supported for integers.`)
	}
	return asIs(node)
}

/** Along one axis, from the first entry on: a product with a triangular matrix. */
export const cumulativeSum: Reader = (node) => {
	const x = operand(node, 0)
	const rank = x.shape.length
	const [given] = constantIntegers(node, operand(node, 1))
	const axis = normalizeAxis(given ?? 0, rank, 'CumSum')
	const size = x.shape[axis]
	if (typeof size !== 'number' || size > 4096 || !isFloat(x.type)) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			'CumSum is only supported for floats along an axis with a fixed size of at most 4096.',
		)
	}
	const [exclusive, reverse] = ['exclusive', 'reverse'].map((name) => intAttribute(node, name, 0))
	const data = new Float32Array(size * size)
	for (let from = 0; from < size; from++) {
		for (let to = 0; to < size; to++) {
			const before = reverse ? from > to : from < to
			if (before || (from === to && !exclusive)) data[from * size + to] = 1
		}
	}
	const matrix = ops.cast(ops.literal({ type: 'float32', shape: [size, size], data }), x.type)
	return [alongAxis(x, axis, (moved) => ops.matmul(moved, matrix))]
}

/** Applies a function of the last axis to another one. */
export function alongAxis(x: Value, axis: number, apply: (moved: Value) => Value): Value {
	const rank = x.shape.length
	if (axis === rank - 1) return apply(x)
	const order = Array.from({ length: rank }, (_, at) => (at === axis ? rank - 1 : at === rank - 1 ? axis : at))
	return ops.transpose(apply(ops.transpose(x, order)), order)
}
