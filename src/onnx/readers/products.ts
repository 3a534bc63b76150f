/** Reads matrix products from ONNX files, including vectors and Einstein sums. */

import { at, entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { product } from '../dimensions.js'
import { stringAttribute } from '../operator.js'
import * as ops from '../ops.js'
import { asIs, operand, type Reader } from '../stored-node.js'
import type { Dimension, Value } from '../value.js'

/** A vector on the left is a row, one on the right a column; the result lacks that axis. */
export const matMul: Reader = (node) => {
	const [a, b] = [operand(node, 0), operand(node, 1)]
	if (a.shape.length > 1 && b.shape.length > 1) return asIs(node)
	const left = a.shape.length === 1 ? ops.unsqueeze(a, [0]) : a
	const right = b.shape.length === 1 ? ops.unsqueeze(b, [1]) : b
	const whole = ops.matmul(left, right)
	const dropped = [...(a.shape.length === 1 ? [-2] : []), ...(b.shape.length === 1 ? [-1] : [])]
	return [ops.squeeze(whole, dropped)]
}

/** Einsum of one or two operands in which no operand names an axis twice. */
export const einsum: Reader = (node) => {
	const equation = stringAttribute(node, 'equation', '').replace(/\s/g, '')
	const [inputs, result] = equation.split('->')
	const terms = inputs!.split(',')
	const parts = terms.map((_, index) => operand(node, index))
	const usable = terms.length <= 2 && [...terms, result ?? '.'].every((term) => /^[A-Za-z]*$/.test(term))
	const twice = [...terms, result ?? ''].some((term) => new Set(term).size !== term.length)
	if (!usable || twice || terms.some((term, position) => term.length !== at(parts, position).shape.length)) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`Einsum is only supported for one or two operands with an explicit result and without ellipsis, such as bij,bjk->bik; got ${equation}.`,
		)
	}
	const [left, right] = terms as [string, string | undefined]
	if (right === undefined) return [arranged(summed(at(parts, 0), left, result!), kept(left, result!), result!)]
	const a = { value: summed(at(parts, 0), left, result! + right), axes: kept(left, result! + right) }
	const b = { value: summed(at(parts, 1), right, result! + left), axes: kept(right, result! + left) }
	const batch = [...a.axes].filter((axis) => b.axes.includes(axis) && result!.includes(axis)).join('')
	const inner = [...a.axes].filter((axis) => b.axes.includes(axis) && !result!.includes(axis)).join('')
	const rows = [...a.axes].filter((axis) => !b.axes.includes(axis)).join('')
	const columns = [...b.axes].filter((axis) => !a.axes.includes(axis)).join('')
	const sizeOf = new Map<string, Dimension>()
	for (const { value, axes } of [a, b]) {
		for (const [position, axis] of [...axes].entries()) sizeOf.set(axis, at(value.shape, position))
	}
	const size = (axes: string): Dimension => product([...axes].map((axis) => entry(sizeOf, axis)))
	const matrices = ops.matmul(
		sized(arranged(a.value, a.axes, batch + rows + inner), [size(batch), size(rows), size(inner)]),
		sized(arranged(b.value, b.axes, batch + inner + columns), [size(batch), size(inner), size(columns)]),
	)
	const axes = batch + rows + columns
	return [
		arranged(
			sized(
				matrices,
				[...axes].map((axis) => entry(sizeOf, axis)),
			),
			axes,
			result!,
		),
	]
}

/** Axes of a term that also appear elsewhere. */
function kept(term: string, elsewhere: string): string {
	return [...term].filter((axis) => elsewhere.includes(axis)).join('')
}

/** Sums over the axes that appear nowhere else. */
function summed(value: Value, term: string, elsewhere: string): Value {
	const axes = [...term].flatMap((axis, position) => (elsewhere.includes(axis) ? [] : [position]))
	return axes.length === 0 ? value : ops.reduceSum(value, axes)
}

function arranged(value: Value, from: string, to: string): Value {
	if (from === to) return value
	if (from.length !== to.length) throw new NaptuneError('NAP_ONNX_INVALID', `Einsum cannot make axes ${to} of ${from}.`)
	return ops.transpose(
		value,
		[...to].map((axis) => from.indexOf(axis)),
	)
}

/** Reshapes; one size may be symbolic. */
function sized(value: Value, shape: readonly Dimension[]): Value {
	if (shape.filter((size) => typeof size === 'string').length > 1) {
		throw new NaptuneError('NAP_ONNX_UNSUPPORTED', 'Einsum is only supported with at most one axis of symbolic size.')
	}
	return ops.reshape(
		value,
		shape.map((size) => (typeof size === 'string' ? -1 : size)),
	)
}
