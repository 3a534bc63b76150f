/** Convolution over two spatial axes, in the form that embeds patches: any stride, no padding, no dilation, one group. */

import { NaptuneError } from '../../errors.js'
import { describeShape, staticDimension } from '../dimensions.js'
import {
	type Call,
	int,
	intAttribute,
	ints,
	intsAttribute,
	type Operator,
	required,
	requireSameType,
} from '../operator.js'
import type { Value } from '../value.js'

/** @throws NaptuneError for padding, dilation or groups. */
function requirePlain(call: Call): void {
	const padded = intsAttribute(call, 'pads', [0, 0, 0, 0]).some((amount) => amount !== 0)
	const dilated = intsAttribute(call, 'dilations', [1, 1]).some((amount) => amount !== 1)
	if (padded || dilated || intAttribute(call, 'group', 1) !== 1) {
		throw new NaptuneError(`${call.operator} is supported without padding, dilation and groups.`)
	}
}

const conv: Operator = {
	name: 'Conv',
	doc: 'x [B, C, H, W] convolved with W [K, C, h, w] plus bias [K]: [B, K, H′, W′].',
	infer: (call) => {
		const x = required(call, 0)
		const weight = required(call, 1)
		requireSameType(call, x, weight)
		requirePlain(call)
		if (x.shape.length !== 4 || weight.shape.length !== 4 || x.shape[1] !== weight.shape[1]) {
			throw new NaptuneError(
				`Conv needs x [B, C, H, W] and weight [K, C, h, w], got ${describeShape(x.shape)} and ${describeShape(weight.shape)}.`,
			)
		}
		const strides = intsAttribute(call, 'strides', [1, 1])
		const spatial = [0, 1].map((axis) => {
			const size = staticDimension(x.shape, axis + 2, 'Conv')
			return Math.floor((size - staticDimension(weight.shape, axis + 2, 'Conv')) / strides[axis]!) + 1
		})
		return [{ type: x.type, shape: [x.shape[0]!, weight.shape[0]!, ...spatial] }]
	},
	gradient: (call) => {
		const { inputs, outputGradients, wanted, emit } = call
		const x = inputs[0]!
		const weight = inputs[1]!
		const dy = outputGradients[0]!
		const strides = intsAttribute(call, 'strides', [1, 1])
		const size = (value: Value, axis: number) => value.shape[axis] as number
		// Rows and columns at the far border that no window reaches get a zero gradient.
		const unused = [2, 3].map(
			(axis) => size(x, axis) - ((size(dy, axis) - 1) * strides[axis - 2]! + size(weight, axis)),
		)
		const covered = wanted[0] ? emit('ConvTranspose', [dy, weight], { strides: ints(strides) }) : null
		const dx =
			covered && unused.some((amount) => amount > 0)
				? emit('Pad', [covered, emit.integers([0, 0, 0, 0, 0, 0, ...unused])])
				: covered
		return [
			dx,
			wanted[1] ? weightGradient(call.emit, x, weight, dy, strides) : null,
			wanted[2] && inputs[2] ? emit('ReduceSum', [dy, emit.integers([0, 2, 3])], { keepdims: int(0) }) : null,
		]
	},
}

/** The sum over windows of window ⊗ gradient: batch and channels trade places, and the strides become dilations. */
function weightGradient(
	emit: import('../operator.js').Emit,
	x: Value,
	weight: Value,
	dy: Value,
	strides: readonly number[],
): Value {
	const kernel = [2, 3].map((axis) => weight.shape[axis] as number)
	const swap = ints([1, 0, 2, 3])
	if (strides[0] !== kernel[0] || strides[1] !== kernel[1]) {
		throw new NaptuneError(
			'The gradient of Conv to its weight is supported for non-overlapping windows (stride = kernel).',
		)
	}
	const [rows, columns] = [2, 3].map((axis) => dy.shape[axis] as number) as [number, number]
	const [height, width] = kernel as [number, number]
	const channels = x.shape[1] as number
	const used = emit('Slice', [
		x,
		emit.integers([0, 0]),
		emit.integers([rows * height, columns * width]),
		emit.integers([2, 3]),
	])
	const windows = emit('Reshape', [used, emit.integers([-1, channels, rows, height, columns, width])])
	const patches = emit('Reshape', [
		emit('Transpose', [windows], { perm: ints([1, 3, 5, 0, 2, 4]) }),
		emit.integers([channels * height * width, -1]),
	])
	const gradients = emit('Reshape', [
		emit('Transpose', [dy], { perm: swap }),
		emit.integers([weight.shape[0] as number, -1]),
	])
	const product = emit('Gemm', [gradients, patches], { transB: int(1) })
	return emit('Reshape', [product, emit.integers(weight.shape as number[])])
}

const convTranspose: Operator = {
	name: 'ConvTranspose',
	doc: 'The transpose of Conv: x [B, K, H, W] with W [K, C, h, w] gives [B, C, H′, W′].',
	infer: (call) => {
		const x = required(call, 0)
		const weight = required(call, 1)
		requireSameType(call, x, weight)
		requirePlain(call)
		const strides = intsAttribute(call, 'strides', [1, 1])
		const spatial = [0, 1].map(
			(axis) =>
				(staticDimension(x.shape, axis + 2, 'ConvTranspose') - 1) * strides[axis]! +
				staticDimension(weight.shape, axis + 2, 'ConvTranspose'),
		)
		return [{ type: x.type, shape: [x.shape[0]!, weight.shape[1]!, ...spatial] }]
	},
	gradient: (call) => {
		const { inputs, outputGradients, wanted, emit } = call
		const strides = intsAttribute(call, 'strides', [1, 1])
		const dy = outputGradients[0]!
		return [
			wanted[0] ? emit('Conv', [dy, inputs[1]!], { strides: ints(strides) }) : null,
			wanted[1] ? weightGradient(emit, dy, inputs[1]!, inputs[0]!, strides) : null,
		]
	},
}

export const convolutionOperators: readonly Operator[] = [conv, convTranspose]
