/** Convolution over two spatial axes and its transpose. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { describeShape, product, quotient, staticDimension } from '../dimensions.js'
import { type Emit, type GradientCall, int, ints, intsAttribute, type Operator, required } from '../operator.js'
import type { Value } from '../value.js'
import { groupedWeightGradient, prefersTaps, tapsTimesGradients } from './weight-gradients.js'
import {
	checkBias,
	checked,
	covered,
	reach,
	requireChannels,
	toAttributes,
	uncovered,
	type Windows,
	windowAttributes,
	windowsOf,
} from './windows.js'

const conv: Operator = {
	name: 'Conv',
	doc: 'x [B, C, H, W] convolved with W [K, C / group, h, w] plus bias [K]: [B, K, H′, W′].',
	attributes: windowAttributes,
	infer: (call) => {
		const { windows, kernel } = checked(call)
		const x = required(call, 0)
		const weight = required(call, 1)
		const { strides, dilations, pads, group } = windows
		const inner = at(weight.shape, 1)
		requireChannels(call, x.shape[1], product([inner, group]))
		if (group !== 1) requireChannels(call, quotient(at(weight.shape, 0), group) === undefined, false)
		checkBias(call, weight.shape[0])
		const spatial = [0, 1].map((axis) => {
			const size = staticDimension(x.shape, axis + 2, 'Conv') + at(pads, axis) + at(pads, axis + 2)
			const windowSize = reach(at(kernel, axis), at(dilations, axis))
			if (size < windowSize) {
				throw new NaptuneError(
					'NAP_GRAPH_INVALID',
					`Conv cannot lay windows of ${windowSize} on ${describeShape(x.shape)} with padding [${pads.join(', ')}]: the image is too small.`,
				)
			}
			return Math.floor((size - windowSize) / at(strides, axis)) + 1
		})
		return [{ type: x.type, shape: [at(x.shape, 0), at(weight.shape, 0), ...spatial] }]
	},
	gradient: (call) => {
		const { inputs, outputGradients, wanted, emit } = call
		const x = at(inputs, 0)
		const weight = at(inputs, 1)
		const dy = at(outputGradients, 0)
		const windows = windowsOf(call)
		return [
			wanted[0] ? imageGradient(call, x, weight, dy, windows) : null,
			wanted[1] ? weightGradient(emit, x, weight, dy, windows) : null,
			wanted[2] && inputs[2] ? emit('ReduceSum', [dy, emit.integers([0, 2, 3])], { keepdims: int(0) }) : null,
		]
	},
}

/**
 * The gradient to the images: the transposed convolution. With stride 1 it is itself a convolution with the flipped kernel,
 * for which ONNX Runtime's CPU kernels are several times faster; flipping a constant weight is folded.
 */
function imageGradient(call: GradientCall, x: Value, weight: Value, dy: Value, windows: Windows): Value {
	const { emit } = call
	const { strides, dilations, pads, group } = windows
	const sizes = weight.shape
	const fixed = weight.source.kind === 'constant' || weight.source.kind === 'external'
	const turnedPads = pads.map(
		(amount, index) => reach(sizes[2 + (index % 2)] as number, at(dilations, index % 2)) - 1 - amount,
	)
	const isConvolution = strides.every((stride) => stride === 1) && turnedPads.every((amount) => amount >= 0)
	if (!fixed || call.asked(weight) || !isConvolution) {
		return emit('ConvTranspose', [dy, weight], {
			...toAttributes(windows),
			output_padding: ints(uncovered(x, weight, dy, windows)),
		})
	}
	const [filters, channels, height, width] = sizes as readonly number[]
	const shape = (...axes: readonly number[]) => emit.integers(axes)
	const grouped = emit('Reshape', [weight, shape(group, filters! / group, channels!, height!, width!)])
	const swapped = emit('Transpose', [grouped], { perm: ints([0, 2, 1, 3, 4]) })
	let turned = emit('Reshape', [swapped, shape(group * channels!, filters! / group, height!, width!)])
	for (const axis of [2, 3]) {
		const size = sizes[axis] as number
		const backwards = emit.integers(Array.from({ length: size }, (_, index) => size - 1 - index))
		if (size > 1) turned = emit('Gather', [turned, backwards], { axis: int(axis) })
	}
	return emit('Conv', [dy, turned], toAttributes({ strides, dilations, pads: turnedPads, group }))
}

/**
 * The sum over samples and windows of window ⊗ gradient.
 * @param x The larger images [B, C, H, W].
 * @param weight [K, C, h, w].
 * @param dy One entry per window: [B, K, H′, W′].
 */
function weightGradient(emit: Emit, x: Value, weight: Value, dy: Value, windows: Windows): Value {
	const { strides, dilations, pads, group } = windows
	if (group !== 1) return groupedWeightGradient(emit, x, weight, dy, windows)
	const kernel = [weight.shape[2] as number, weight.shape[3] as number] as const
	if (prefersTaps(x, weight, windows)) return tapsTimesGradients(emit, x, weight, dy, windows)
	const tiling = kernel.every((size, axis) => size === strides[axis] && (dilations[axis] === 1 || size === 1))
	if (tiling && pads.every((amount) => amount === 0))
		return tilesTimesGradients(emit, covered(emit, x, kernel, dy, windows).used, weight, dy)
	// Batch and channels trade places, and strides and dilations too: the gradient is itself a convolution. The part that no
	// window reaches is cut off first, so that the result has the size of the kernel.
	const swap = ints([1, 0, 2, 3])
	const { used, ends } = covered(emit, x, kernel, dy, windows)
	const sums = emit('Conv', [emit('Transpose', [used], { perm: swap }), emit('Transpose', [dy], { perm: swap })], {
		strides: ints(dilations),
		dilations: ints(strides),
		pads: ints([at(pads, 0), at(pads, 1), ...ends]),
	})
	return emit('Transpose', [sums], { perm: swap })
}

/** Windows that tile the image, such as patches: one matrix product, several times faster than a convolution. */
function tilesTimesGradients(emit: Emit, used: Value, weight: Value, dy: Value): Value {
	const [height, width] = [weight.shape[2] as number, weight.shape[3] as number]
	const [rows, columns] = [dy.shape[2] as number, dy.shape[3] as number]
	const channels = staticDimension(used.shape, 1, 'The gradient of Conv')
	const windows = emit('Reshape', [used, emit.integers([-1, channels, rows, height, columns, width])])
	const patches = emit('Reshape', [
		emit('Transpose', [windows], { perm: ints([1, 3, 5, 0, 2, 4]) }),
		emit.integers([channels * height * width, -1]),
	])
	const filters = staticDimension(weight.shape, 0, 'The gradient of Conv')
	const gradients = emit('Reshape', [
		emit('Transpose', [dy], { perm: ints([1, 0, 2, 3]) }),
		emit.integers([filters, -1]),
	])
	const product = emit('Gemm', [gradients, patches], { transB: int(1) })
	return emit('Reshape', [product, emit.integers([filters, channels, height, width])])
}

const convTranspose: Operator = {
	name: 'ConvTranspose',
	doc: 'The transpose of Conv: x [B, K, H, W] with W [K, C / group, h, w] plus bias [C] gives [B, C, H′, W′].',
	attributes: { ...windowAttributes, output_padding: 'ints' },
	infer: (call) => {
		const { windows, kernel } = checked(call)
		const x = required(call, 0)
		const weight = required(call, 1)
		const { strides, dilations, pads, group } = windows
		requireChannels(call, x.shape[1], weight.shape[0])
		if (group !== 1) requireChannels(call, quotient(at(weight.shape, 0), group) === undefined, false)
		const channels = product([at(weight.shape, 1), group])
		checkBias(call, channels)
		const extra = intsAttribute(call, 'output_padding', [0, 0])
		const spatial = [0, 1].map(
			(axis) =>
				(staticDimension(x.shape, axis + 2, 'ConvTranspose') - 1) * at(strides, axis) +
				reach(at(kernel, axis), at(dilations, axis)) +
				at(extra, axis) -
				at(pads, axis) -
				at(pads, axis + 2),
		)
		return [{ type: x.type, shape: [at(x.shape, 0), channels, ...spatial] }]
	},
	gradient: (call) => {
		const { inputs, outputGradients, wanted, emit } = call
		const windows = windowsOf(call)
		const dy = at(outputGradients, 0)
		return [
			wanted[0] ? emit('Conv', [dy, at(inputs, 1)], toAttributes(windows)) : null,
			wanted[1] ? weightGradient(emit, dy, at(inputs, 1), at(inputs, 0), windows) : null,
			wanted[2] && inputs[2] ? emit('ReduceSum', [dy, emit.integers([0, 2, 3])], { keepdims: int(0) }) : null,
		]
	},
}

export const convolutionOperators: readonly Operator[] = [conv, convTranspose]
