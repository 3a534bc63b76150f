/** Pooling over windows of two spatial axes. Padding is explicit, and every window is within the padded image. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { describeShape, staticDimension } from '../dimensions.js'
import {
	type Call,
	type Emit,
	int,
	ints,
	intsAttribute,
	type Operator,
	required,
	requireFloat,
	text,
} from '../operator.js'
import type { Attribute, Attributes, Shape, Value } from '../value.js'
import { expandTo, reshapeTo, zerosLike } from './broadcasting.js'
import { reach, toAttributes, uncovered, type Windows, windowsOf } from './windows.js'

const poolingAttributes: Readonly<Record<string, Attribute['kind']>> = {
	kernel_shape: 'ints',
	strides: 'ints',
	pads: 'ints',
}

function kernelOf(call: { readonly attributes: Attributes }): readonly number[] {
	return intsAttribute(call, 'kernel_shape', [])
}

/** The shape of the result: one entry per window. */
function pooledShape(call: Call): Shape {
	const x = required(call, 0)
	requireFloat(call, x)
	const kernel = kernelOf(call)
	const { strides, dilations, pads } = windowsOf(call)
	const whole = (numbers: readonly number[], count: number, least: number) =>
		numbers.length === count && numbers.every((number) => Number.isInteger(number) && number >= least)
	if (x.shape.length !== 4 || !whole(kernel, 2, 1) || !whole(strides, 2, 1) || !whole(dilations, 2, 1)) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} needs images of rank 4 and two sizes, strides and dilations of at least 1; got ${describeShape(x.shape)}, sizes [${kernel}], strides [${strides}], dilations [${dilations}].`,
		)
	}
	if (!whole(pads, 4, 0) || pads.some((amount, index) => amount >= at(kernel, index % 2))) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} needs four paddings from 0 to below the window's size [${kernel}], got [${pads}].`,
		)
	}
	const sizes = [0, 1].map((axis) => {
		const padded = staticDimension(x.shape, axis + 2, call.operator) + at(pads, axis) + at(pads, axis + 2)
		const room = padded - reach(at(kernel, axis), at(dilations, axis))
		if (room < 0) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`${call.operator} cannot lay windows of [${kernel}] on ${describeShape(x.shape)} with padding [${pads}]: the image is too small.`,
			)
		}
		return Math.floor(room / at(strides, axis)) + 1
	})
	return [at(x.shape, 0), at(x.shape, 1), ...sizes]
}

const maxPool: Operator = {
	name: 'MaxPool',
	doc: 'The largest entry of each window, and its position in the flattened input; among equals the first one.',
	attributes: { ...poolingAttributes, dilations: 'ints' },
	infer: (call) => {
		const shape = pooledShape(call)
		return [
			{ type: required(call, 0).type, shape },
			{ type: 'int64', shape },
		]
	},
	gradient: ({ inputs, outputs, outputGradients, emit }) => {
		const x = at(inputs, 0)
		const dy = outputGradients[0]
		if (!dy) return [null]
		const flat = (value: Value) => emit('Reshape', [value, emit.integers([-1])])
		const places = { axis: int(0), reduction: text('add') }
		const sums = emit('ScatterElements', [zerosLike(emit, flat(x)), flat(at(outputs, 1)), flat(dy)], places)
		return [reshapeTo(emit, sums, x)]
	},
}

/** Gives each entry its share of every window that contains it. */
function spread(emit: Emit, x: Value, dy: Value, kernel: readonly number[], windows: Windows): Value {
	const channels = staticDimension(x.shape, 1, 'The gradient of AveragePool')
	const share = emit.scalar(1 / (at(kernel, 0) * at(kernel, 1)), x.type)
	const weight = emit('Expand', [share, emit.integers([channels, 1, ...kernel])])
	return emit('ConvTranspose', [dy, weight], {
		...toAttributes({ ...windows, group: channels }),
		output_padding: ints(uncovered(x, weight, dy, windows)),
	})
}

const averagePool: Operator = {
	name: 'AveragePool',
	doc: 'The mean of each window, to which the border counts as zeros.',
	attributes: { ...poolingAttributes, count_include_pad: 'int' },
	infer: (call) => {
		const counted = call.attributes.count_include_pad
		const padded = windowsOf(call).pads.some((amount) => amount > 0)
		if (padded && !(counted?.kind === 'int' && counted.value === 1)) {
			throw new NaptuneError(
				'NAP_ONNX_UNSUPPORTED',
				'AveragePool with padding is only supported with count_include_pad 1.',
			)
		}
		return [{ type: required(call, 0).type, shape: pooledShape(call) }]
	},
	gradient: (call) => [
		spread(call.emit, at(call.inputs, 0), at(call.outputGradients, 0), kernelOf(call), windowsOf(call)),
	],
}

const globalAveragePool: Operator = {
	name: 'GlobalAveragePool',
	doc: 'The mean of each channel: [B, C, H, W] to [B, C, 1, 1].',
	infer: (call) => {
		const x = required(call, 0)
		requireFloat(call, x)
		if (x.shape.length !== 4) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`GlobalAveragePool needs images of rank 4, got ${describeShape(x.shape)}.`,
			)
		}
		return [{ type: x.type, shape: [at(x.shape, 0), at(x.shape, 1), 1, 1] }]
	},
	gradient: ({ inputs, outputGradients, emit }) => {
		const x = at(inputs, 0)
		const area = [2, 3].reduce((total, axis) => total * staticDimension(x.shape, axis, 'GlobalAveragePool'), 1)
		return [expandTo(emit, emit('Mul', [at(outputGradients, 0), emit.scalar(1 / area, x.type)]), x)]
	},
}

export const poolingOperators: readonly Operator[] = [maxPool, averagePool, globalAveragePool]
