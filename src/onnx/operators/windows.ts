/** Geometry of convolution windows on images, and the part that they do not cover. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { describeShape, staticDimension } from '../dimensions.js'
import {
	type Call,
	type Emit,
	int,
	intAttribute,
	ints,
	intsAttribute,
	required,
	requireFloat,
	requireSameType,
	stringAttribute,
} from '../operator.js'
import type { Attribute, Attributes, Value } from '../value.js'

/** Geometry of the windows on the larger of the two images; both spatial axes, padding as top, left, bottom, right. */
export interface Windows {
	readonly strides: readonly number[]
	readonly dilations: readonly number[]
	readonly pads: readonly number[]
	readonly group: number
}

export const windowAttributes: Readonly<Record<string, Attribute['kind']>> = {
	strides: 'ints',
	dilations: 'ints',
	pads: 'ints',
	group: 'int',
	kernel_shape: 'ints',
	auto_pad: 'string',
}

export function windowsOf(call: { readonly attributes: Attributes }): Windows {
	return {
		strides: intsAttribute(call, 'strides', [1, 1]),
		dilations: intsAttribute(call, 'dilations', [1, 1]),
		pads: intsAttribute(call, 'pads', [0, 0, 0, 0]),
		group: intAttribute(call, 'group', 1),
	}
}

export function toAttributes({ strides, dilations, pads, group }: Windows) {
	return { strides: ints(strides), dilations: ints(dilations), pads: ints(pads), group: int(group) }
}

/** Checks the conditions common to both operators. @returns The windows and the kernel's two sizes. */
export function checked(call: Call): { readonly windows: Windows; readonly kernel: readonly number[] } {
	const x = required(call, 0)
	const weight = required(call, 1)
	requireFloat(call, x)
	requireSameType(call, x, weight)
	if (x.shape.length !== 4 || weight.shape.length !== 4) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} needs images and weights of rank 4, got ${describeShape(x.shape)} and ${describeShape(weight.shape)}.`,
		)
	}
	const windows = windowsOf(call)
	const { strides, dilations, pads, group } = windows
	const whole = (numbers: readonly number[], count: number, least: number) =>
		numbers.length === count && numbers.every((number) => Number.isInteger(number) && number >= least)
	if (!whole(strides, 2, 1) || !whole(dilations, 2, 1) || !whole(pads, 4, 0) || !whole([group], 1, 1)) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} needs two strides and dilations of at least 1, four non-negative paddings and a positive group count; got strides [${strides}], dilations [${dilations}], pads [${pads}], group ${group}.`,
		)
	}
	const automatic = stringAttribute(call, 'auto_pad', 'NOTSET')
	if (automatic !== 'NOTSET') {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`${call.operator} needs explicit padding in pads; got auto_pad ${automatic}.`,
		)
	}
	const kernel = [2, 3].map((axis) => staticDimension(weight.shape, axis, call.operator))
	const declared = intsAttribute(call, 'kernel_shape', kernel)
	if (declared.length !== 2 || declared.some((size, axis) => size !== kernel[axis])) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} has weights ${describeShape(weight.shape)}, but its kernel_shape says [${declared.join(', ')}].`,
		)
	}
	return { windows, kernel }
}

export function requireChannels(call: Call, given: unknown, expected: unknown): void {
	if (given !== expected) {
		const [x, weight] = call.inputs
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} cannot apply weights ${describeShape(weight!.shape)} to images ${describeShape(x!.shape)} in ${intAttribute(call, 'group', 1)} group(s): the numbers of channels disagree.`,
		)
	}
}

export function checkBias(call: Call, channels: unknown): void {
	const bias = call.inputs[2]
	if (!bias) return
	requireSameType(call, required(call, 0), bias)
	if (bias.shape.length !== 1 || bias.shape[0] !== channels) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} needs one bias per output channel, ${channels} here; got ${describeShape(bias.shape)}.`,
		)
	}
}

/** Extent of one window along a spatial axis. */
export function reach(kernel: number, dilation: number): number {
	return (kernel - 1) * dilation + 1
}

/** Rows and columns at the far border of the padded image that no window reaches. Their gradient is zero. */
export function uncovered(x: Value, weight: Value, y: Value, { strides, dilations, pads }: Windows): readonly number[] {
	const size = (value: Value, axis: number) => value.shape[axis + 2] as number
	return [0, 1].map((axis) => {
		const padded = size(x, axis) + at(pads, axis) + at(pads, axis + 2)
		return padded - ((size(y, axis) - 1) * at(strides, axis) + reach(size(weight, axis), at(dilations, axis)))
	})
}

/** The part of images that windows reach, and the padding after it that they reach as well. */
export function covered(
	emit: Emit,
	x: Value,
	kernel: readonly number[],
	y: Value,
	{ strides, dilations, pads }: Windows,
): { readonly used: Value; readonly ends: readonly number[] } {
	const sizes = [0, 1].map((axis) => x.shape[axis + 2] as number)
	const reached = [0, 1].map(
		(axis) =>
			((y.shape[axis + 2] as number) - 1) * at(strides, axis) +
			reach(at(kernel, axis), at(dilations, axis)) -
			at(pads, axis),
	)
	if (reached.some((size) => size < 1)) {
		throw new NaptuneError(
			'NAP_GRADIENT_UNSUPPORTED',
			`The gradient of a convolution to its weight needs windows that reach the image; with padding [${pads.join(', ')}], all windows on ${describeShape(x.shape)} are outside.`,
		)
	}
	const ends = reached.map((size, axis) => Math.max(0, size - at(sizes, axis)))
	if (reached.every((size, axis) => size >= at(sizes, axis))) return { used: x, ends }
	const bounds = [emit.integers([0, 0]), emit.integers(reached), emit.integers([2, 3])]
	return { used: emit('Slice', [x, ...bounds]), ends }
}
