/** Reads operators that create tensors inside the graph. */

import { NaptuneError } from '../../core/errors.js'
import { elementCount, tensor } from '../../core/tensor.js'
import { describeShape } from '../dimensions.js'
import { integers, scalar } from '../emit.js'
import { constantIntegers } from '../operator.js'
import * as ops from '../ops.js'
import { listOf, operand, type Reader } from '../stored-node.js'
import { symbolicIntegers } from '../symbolic-integers.js'
import type { Value } from '../value.js'

/** More elements than any mask or position table has, to refuse instead of allocate. */
const largestFilled = 2 ** 26

/** A tensor of one value in the shape that another tensor lists; symbolic sizes are broadcast at run time. */
export const constantOfShape: Reader = (node) => {
	const target = operand(node, 0)
	const sizes = symbolicIntegers(target)
	if (!sizes)
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			'ConstantOfShape needs a shape that is constant or computed from shapes.',
		)
	const one = node.tensors.value ?? tensor('float32', [1], new Float32Array(1))
	if (one.data.length !== 1) throw new NaptuneError('NAP_ONNX_INVALID', 'ConstantOfShape needs a value of one element.')
	if (!sizes.every((size) => typeof size === 'number')) {
		return [node.emit('Expand', [ops.literal({ ...one, shape: [] }), target])]
	}
	const count = sizes.some((size) => size < 0) ? Number.NaN : elementCount(sizes)
	if (!(count <= largestFilled)) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			`ConstantOfShape of ${describeShape(sizes)} is not possible or too large.`,
		)
	}
	const data = new (one.data.constructor as new (length: number) => typeof one.data)(count)
	return [ops.literal(tensor(one.type, sizes, (data as Float32Array).fill(one.data[0] as number)))]
}

export const constant: Reader = ({ attributes, tensors }) => {
	const { value_int: whole, value_ints: wholes } = attributes
	const stored = tensors.value ?? tensors.value_float ?? tensors.value_floats
	if (stored) return [ops.literal(stored)]
	if (whole?.kind === 'int') return [scalar(whole.value, 'int64')]
	if (wholes?.kind === 'ints') return [integers(wholes.value)]
	if (attributes.value_float?.kind === 'float') return [scalar(attributes.value_float.value, 'float32')]
	throw new NaptuneError(
		'NAP_ONNX_UNSUPPORTED',
		'Constant is only supported with a tensor, a number or a list of numbers.',
	)
}

export const range: Reader = (node) => {
	const bounds = [0, 1, 2].map((index) => symbolicIntegers(operand(node, index))?.[0])
	if (bounds.some((bound) => typeof bound === 'string'))
		return [
			node.emit(
				'Range',
				[0, 1, 2].map((index) => operand(node, index)),
			),
		]
	const [start, limit, step] = [0, 1, 2].map((index) => constantIntegers(node, operand(node, index))[0] ?? Number.NaN)
	const count = Math.max(0, Math.ceil((limit! - start!) / step!))
	if (!(count <= largestFilled))
		throw new NaptuneError('NAP_ONNX_INVALID', `Range from ${start} to ${limit} by ${step} is not possible.`)
	const values = listOf('Range', count, (at) => start! + at * step!)
	return [operand(node, 0).type === 'int32' ? ops.cast(integers(values), 'int32') : integers(values)]
}

/**
 * Rows of a tensor by coordinates along its first axes: one gather along these axes merged into one. A negative index counts
 * from the end, except on a first axis of symbolic size.
 */
export const gatherNd: Reader = (node) => {
	const [data, indices] = [operand(node, 0), operand(node, 1)]
	const depth = indices.shape.at(-1)
	const batchDims = node.attributes.batch_dims
	if ((batchDims?.kind === 'int' && batchDims.value !== 0) || typeof depth !== 'number' || depth < 1) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			'GatherND is only supported without batch_dims and with a fixed number of coordinates.',
		)
	}
	const sizes = data.shape.slice(0, depth)
	const rest = data.shape.slice(depth)
	if (sizes.slice(1).some((size) => typeof size !== 'number') || rest.some((size) => typeof size !== 'number')) {
		throw new NaptuneError('NAP_ONNX_UNSUPPORTED', 'GatherND is only supported if at most the first size is symbolic.')
	}
	const last = indices.shape.length - 1
	let stride = 1
	let flat: Value | undefined
	for (let axis = depth - 1; axis >= 0; axis--) {
		const own = ops.squeeze(ops.slice(indices, last, axis, axis + 1), [last])
		const size = sizes[axis]
		const placed = typeof size === 'number' ? ops.where(ops.less(own, 0), ops.add(own, size), own) : own
		const part = stride === 1 ? placed : ops.mul(placed, stride)
		flat = flat ? ops.add(flat, part) : part
		stride *= Number(size)
	}
	return [ops.gather(ops.reshape(data, [-1, ...(rest as number[])]), flat ?? indices, 0)]
}
