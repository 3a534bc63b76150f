/** Convolution over two spatial axes and its transpose. */

import { NaptuneError } from '../../errors.js'
import { describeShape, staticDimension } from '../dimensions.js'
import {
	type Call,
	type Emit,
	int,
	intAttribute,
	ints,
	intsAttribute,
	type Operator,
	required,
	requireFloat,
	requireSameType,
	stringAttribute,
} from '../operator.js'
import type { Attribute, Attributes, Value } from '../value.js'

/** How windows lie on the larger of the two images; both spatial axes, padding as top, left, bottom, right. */
interface Windows {
	readonly strides: readonly number[]
	readonly dilations: readonly number[]
	readonly pads: readonly number[]
	readonly group: number
}

const attributes: Readonly<Record<string, Attribute['kind']>> = {
	strides: 'ints',
	dilations: 'ints',
	pads: 'ints',
	group: 'int',
	kernel_shape: 'ints',
	auto_pad: 'string',
}

function windowsOf(call: { readonly attributes: Attributes }): Windows {
	return {
		strides: intsAttribute(call, 'strides', [1, 1]),
		dilations: intsAttribute(call, 'dilations', [1, 1]),
		pads: intsAttribute(call, 'pads', [0, 0, 0, 0]),
		group: intAttribute(call, 'group', 1),
	}
}

function toAttributes({ strides, dilations, pads, group }: Windows) {
	return { strides: ints(strides), dilations: ints(dilations), pads: ints(pads), group: int(group) }
}

/** Checks what both operators share. @returns The windows and the kernel's two sizes. */
function checked(call: Call): { readonly windows: Windows; readonly kernel: readonly number[] } {
	const x = required(call, 0)
	const weight = required(call, 1)
	requireFloat(call, x)
	requireSameType(call, x, weight)
	if (x.shape.length !== 4 || weight.shape.length !== 4) {
		throw new NaptuneError(
			`${call.operator} needs images and weights of rank 4, got ${describeShape(x.shape)} and ${describeShape(weight.shape)}.`,
		)
	}
	const windows = windowsOf(call)
	const { strides, dilations, pads, group } = windows
	const whole = (numbers: readonly number[], count: number, least: number) =>
		numbers.length === count && numbers.every((number) => Number.isInteger(number) && number >= least)
	if (!whole(strides, 2, 1) || !whole(dilations, 2, 1) || !whole(pads, 4, 0) || !whole([group], 1, 1)) {
		throw new NaptuneError(
			`${call.operator} needs two strides and dilations of at least 1, four non-negative paddings and a positive group count; got strides [${strides}], dilations [${dilations}], pads [${pads}], group ${group}.`,
		)
	}
	const automatic = stringAttribute(call, 'auto_pad', 'NOTSET')
	if (automatic !== 'NOTSET') {
		throw new NaptuneError(`${call.operator} needs its padding as numbers in pads; got auto_pad ${automatic}.`)
	}
	const kernel = [2, 3].map((axis) => staticDimension(weight.shape, axis, call.operator))
	const declared = intsAttribute(call, 'kernel_shape', kernel)
	if (declared.length !== 2 || declared.some((size, axis) => size !== kernel[axis])) {
		throw new NaptuneError(
			`${call.operator} has weights ${describeShape(weight.shape)}, but its kernel_shape says [${declared.join(', ')}].`,
		)
	}
	return { windows, kernel }
}

function requireChannels(call: Call, given: unknown, expected: unknown): void {
	if (given !== expected) {
		const [x, weight] = call.inputs
		throw new NaptuneError(
			`${call.operator} cannot apply weights ${describeShape(weight!.shape)} to images ${describeShape(x!.shape)} in ${intAttribute(call, 'group', 1)} group(s): the numbers of channels disagree.`,
		)
	}
}

function checkBias(call: Call, channels: unknown): void {
	const bias = call.inputs[2]
	if (!bias) return
	requireSameType(call, required(call, 0), bias)
	if (bias.shape.length !== 1 || bias.shape[0] !== channels) {
		throw new NaptuneError(
			`${call.operator} needs one bias per output channel, ${channels} here; got ${describeShape(bias.shape)}.`,
		)
	}
}

/** How far one window reaches along a spatial axis. */
function reach(kernel: number, dilation: number): number {
	return (kernel - 1) * dilation + 1
}

const conv: Operator = {
	name: 'Conv',
	doc: 'x [B, C, H, W] convolved with W [K, C / group, h, w] plus bias [K]: [B, K, H′, W′].',
	attributes,
	infer: (call) => {
		const { windows, kernel } = checked(call)
		const x = required(call, 0)
		const weight = required(call, 1)
		const { strides, dilations, pads, group } = windows
		const inner = weight.shape[1]!
		requireChannels(call, x.shape[1], group === 1 ? inner : Number(inner) * group)
		if (group !== 1) requireChannels(call, Number(weight.shape[0]) % group, 0)
		checkBias(call, weight.shape[0])
		const spatial = [0, 1].map((axis) => {
			const size = staticDimension(x.shape, axis + 2, 'Conv') + pads[axis]! + pads[axis + 2]!
			const windowSize = reach(kernel[axis]!, dilations[axis]!)
			if (size < windowSize) {
				throw new NaptuneError(
					`Conv cannot lay windows of ${windowSize} on ${describeShape(x.shape)} with padding [${pads.join(', ')}]: the image is too small.`,
				)
			}
			return Math.floor((size - windowSize) / strides[axis]!) + 1
		})
		return [{ type: x.type, shape: [x.shape[0]!, weight.shape[0]!, ...spatial] }]
	},
	gradient: (call) => {
		const { inputs, outputGradients, wanted, emit } = call
		const x = inputs[0]!
		const weight = inputs[1]!
		const dy = outputGradients[0]!
		const windows = windowsOf(call)
		return [
			wanted[0]
				? emit('ConvTranspose', [dy, weight], {
						...toAttributes(windows),
						output_padding: ints(uncovered(x, weight, dy, windows)),
					})
				: null,
			wanted[1] ? weightGradient(emit, x, weight, dy, windows) : null,
			wanted[2] && inputs[2] ? emit('ReduceSum', [dy, emit.integers([0, 2, 3])], { keepdims: int(0) }) : null,
		]
	},
}

/** Rows and columns at the far border of the padded image that no window reaches. Their gradient is zero. */
function uncovered(x: Value, weight: Value, y: Value, { strides, dilations, pads }: Windows): readonly number[] {
	const size = (value: Value, axis: number) => value.shape[axis + 2] as number
	return [0, 1].map((axis) => {
		const padded = size(x, axis) + pads[axis]! + pads[axis + 2]!
		return padded - ((size(y, axis) - 1) * strides[axis]! + reach(size(weight, axis), dilations[axis]!))
	})
}

/**
 * The sum over samples and windows of window ⊗ gradient.
 * @param x The larger images [B, C, H, W].
 * @param weight [K, C, h, w].
 * @param dy One entry per window: [B, K, H′, W′].
 */
function weightGradient(emit: Emit, x: Value, weight: Value, dy: Value, windows: Windows): Value {
	const { strides, dilations, pads, group } = windows
	if (group !== 1) {
		throw new NaptuneError(`The gradient of a convolution to its weight is supported for one group, got ${group}.`)
	}
	const kernel = [weight.shape[2] as number, weight.shape[3] as number] as const
	const tiling = kernel.every((size, axis) => size === strides[axis] && (dilations[axis] === 1 || size === 1))
	if (tiling && pads.every((amount) => amount === 0))
		return tilesTimesGradients(emit, covered(emit, x, kernel, dy, windows).used, weight, dy)
	// Batch and channels trade places, and strides and dilations too: the gradient is itself a convolution. What no
	// window reaches is cut off first, so that the result has the size of the kernel.
	const swap = ints([1, 0, 2, 3])
	const { used, ends } = covered(emit, x, kernel, dy, windows)
	const sums = emit('Conv', [emit('Transpose', [used], { perm: swap }), emit('Transpose', [dy], { perm: swap })], {
		strides: ints(dilations),
		dilations: ints(strides),
		pads: ints([pads[0]!, pads[1]!, ...ends]),
	})
	return emit('Transpose', [sums], { perm: swap })
}

/** The part of images that windows reach, and the padding after it that they reach as well. */
function covered(
	emit: Emit,
	x: Value,
	kernel: readonly number[],
	y: Value,
	{ strides, dilations, pads }: Windows,
): { readonly used: Value; readonly ends: readonly number[] } {
	const sizes = [0, 1].map((axis) => x.shape[axis + 2] as number)
	const reached = [0, 1].map(
		(axis) =>
			((y.shape[axis + 2] as number) - 1) * strides[axis]! + reach(kernel[axis]!, dilations[axis]!) - pads[axis]!,
	)
	if (reached.some((size) => size < 1)) {
		throw new NaptuneError(
			`The gradient of a convolution to its weight needs windows that reach the image; with padding [${pads.join(', ')}] all windows on ${describeShape(x.shape)} lie outside.`,
		)
	}
	const ends = reached.map((size, axis) => Math.max(0, size - sizes[axis]!))
	if (reached.every((size, axis) => size >= sizes[axis]!)) return { used: x, ends }
	const bounds = [emit.integers([0, 0]), emit.integers(reached), emit.integers([2, 3])]
	return { used: emit('Slice', [x, ...bounds]), ends }
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
	attributes: { ...attributes, output_padding: 'ints' },
	infer: (call) => {
		const { windows, kernel } = checked(call)
		const x = required(call, 0)
		const weight = required(call, 1)
		const { strides, dilations, pads, group } = windows
		requireChannels(call, x.shape[1], weight.shape[0])
		if (group !== 1) requireChannels(call, Number(weight.shape[0]) % group, 0)
		const channels = group === 1 ? weight.shape[1]! : Number(weight.shape[1]) * group
		checkBias(call, channels)
		const extra = intsAttribute(call, 'output_padding', [0, 0])
		const spatial = [0, 1].map(
			(axis) =>
				(staticDimension(x.shape, axis + 2, 'ConvTranspose') - 1) * strides[axis]! +
				reach(kernel[axis]!, dilations[axis]!) +
				extra[axis]! -
				pads[axis]! -
				pads[axis + 2]!,
		)
		return [{ type: x.type, shape: [x.shape[0]!, channels, ...spatial] }]
	},
	gradient: (call) => {
		const { inputs, outputGradients, wanted, emit } = call
		const windows = windowsOf(call)
		const dy = outputGradients[0]!
		return [
			wanted[0] ? emit('Conv', [dy, inputs[1]!], toAttributes(windows)) : null,
			wanted[1] ? weightGradient(emit, dy, inputs[1]!, inputs[0]!, windows) : null,
			wanted[2] && inputs[2] ? emit('ReduceSum', [dy, emit.integers([0, 2, 3])], { keepdims: int(0) }) : null,
		]
	},
}

export const convolutionOperators: readonly Operator[] = [conv, convTranspose]
