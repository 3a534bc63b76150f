/**
 * Reads convolutions and pooling from ONNX files, including named padding, one spatial axis, and windows that extend past
 * the end.
 */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { describeShape, staticDimension } from '../dimensions.js'
import { emitter, integers, scalar } from '../emit.js'
import { int, intAttribute, ints, intsAttribute, stringAttribute } from '../operator.js'
import * as ops from '../ops.js'
import { asIs, listOf, operand, type Reader, type StoredNode, without } from '../stored-node.js'
import type { Attributes, Value } from '../value.js'

/** Geometry of windows, both spatial axes; padding as top, left, bottom, right. */
interface Geometry {
	readonly kernel: readonly number[]
	readonly strides: readonly number[]
	readonly dilations: readonly number[]
	readonly pads: readonly number[]
	/** Sizes of the result. */
	readonly sizes: readonly number[]
	/** The padding that the file declares, without that of windows past the end. */
	readonly declared: readonly number[]
}

/** More windows than any image needs, to refuse instead of allocate. */
const mostWindows = 2 ** 24

/** Resolves named padding, and windows that may extend past the end (`ceil_mode`). */
function geometry(node: StoredNode, x: Value, kernel: readonly number[]): Geometry {
	const strides = intsAttribute(node, 'strides', [1, 1])
	const dilations = intsAttribute(node, 'dilations', [1, 1])
	const given = intsAttribute(node, 'pads', [0, 0, 0, 0])
	if (kernel.length !== 2 || strides.length !== 2 || dilations.length !== 2 || given.length !== 4) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`${node.operator} is only supported for images, [B, C, H, W]; got ${describeShape(x.shape)}.`,
		)
	}
	if (strides.some((stride) => !(stride >= 1)))
		throw new NaptuneError('NAP_ONNX_INVALID', `${node.operator} has strides [${strides}].`)
	const mode = stringAttribute(node, 'auto_pad', 'NOTSET')
	const ceil = intAttribute(node, 'ceil_mode', 0) === 1
	const axes = [0, 1].map((axis) => {
		const size = staticDimension(x.shape, axis + 2, node.operator)
		const [stride, reach] = [at(strides, axis), (at(kernel, axis) - 1) * at(dilations, axis) + 1]
		if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER') {
			const count = Math.ceil(size / stride)
			const total = Math.max(0, (count - 1) * stride + reach - size)
			const small = Math.floor(total / 2)
			const before = mode === 'SAME_UPPER' ? small : total - small
			return { before, after: total - before, extra: 0, count }
		}
		const [before, after] = mode === 'VALID' ? [0, 0] : [at(given, axis), at(given, axis + 2)]
		const room = size + before + after - reach
		let count = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1
		// A window must start inside of the image or its leading border.
		if (ceil && (count - 1) * stride >= size + before) count--
		return { before, after, extra: Math.max(0, (count - 1) * stride - room), count }
	})
	if (axes.some(({ count }) => !(count >= 1))) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			`${node.operator} cannot lay windows of [${kernel}] on ${describeShape(x.shape)}.`,
		)
	}
	if (at(axes, 0).count * at(axes, 1).count > mostWindows) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			`${node.operator} would lay ${at(axes, 0).count} x ${at(axes, 1).count} windows, which is too many.`,
		)
	}
	return {
		kernel,
		strides,
		dilations,
		pads: [...axes.map(({ before }) => before), ...axes.map(({ after, extra }) => after + extra)],
		sizes: axes.map(({ count }) => count),
		declared: [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)],
	}
}

function attributesOf({ kernel, strides, dilations, pads }: Geometry): Attributes {
	return { kernel_shape: ints(kernel), strides: ints(strides), dilations: ints(dilations), pads: ints(pads) }
}

/** Makes a border as wide as a window, which pooling does not support, part of the image. */
function withRoom(x: Value, found: Geometry, filling: number): { readonly padded: Value; readonly inner: Geometry } {
	const { kernel, pads } = found
	if (pads.every((amount, index) => amount < at(kernel, index % 2))) return { padded: x, inner: found }
	const amounts = integers([0, 0, at(pads, 0), at(pads, 1), 0, 0, at(pads, 2), at(pads, 3)])
	return {
		padded: emitter('border')('Pad', [x, amounts, scalar(filling, x.type)]),
		inner: { ...found, pads: [0, 0, 0, 0] },
	}
}

/** Gives signals a spatial axis of size 1, so that they become images. */
function asImages(node: StoredNode, apply: Reader): readonly Value[] {
	const x = operand(node, 0)
	if (x.shape.length !== 3) return apply(node)
	const widen = (name: string, one: number) => {
		const stored = node.attributes[name]
		if (stored?.kind !== 'ints') return {}
		const half = stored.value.length / 2
		return {
			[name]: ints(
				name === 'pads' ? [0, ...stored.value.slice(0, half), 0, ...stored.value.slice(half)] : [one, ...stored.value],
			),
		}
	}
	const attributes = {
		...node.attributes,
		...widen('kernel_shape', 1),
		...widen('strides', 1),
		...widen('dilations', 1),
		...widen('pads', 0),
		...widen('output_padding', 0),
	}
	const inputs = node.inputs.map((value) => (value && value.shape.length === 3 ? ops.unsqueeze(value, [2]) : value))
	return apply({ ...node, attributes, inputs }).map((value) => ops.squeeze(value, [2]))
}

const conv: Reader = (node) =>
	asImages(node, (images) => {
		const [x, weight] = [operand(images, 0), operand(images, 1)]
		if (stringAttribute(images, 'auto_pad', 'NOTSET') === 'NOTSET') return asIs(images)
		const kernel = weight.shape.slice(2).map((_, axis) => staticDimension(weight.shape, axis + 2, 'Conv'))
		const { pads } = geometry(images, x, kernel)
		return asIs({ ...images, attributes: { ...without(images.attributes, 'auto_pad'), pads: ints(pads) } })
	})

const convTranspose: Reader = (node) =>
	asImages(node, (images) => {
		if (images.attributes.output_shape) {
			throw new NaptuneError('NAP_ONNX_UNSUPPORTED', 'ConvTranspose needs explicit padding in pads, not output_shape.')
		}
		const mode = stringAttribute(images, 'auto_pad', 'NOTSET')
		return asIs(mode === 'VALID' ? { ...images, attributes: without(images.attributes, 'auto_pad', 'pads') } : images)
	})

const maxPool: Reader = (node) => {
	if (node.outputCount > 1)
		throw new NaptuneError('NAP_ONNX_UNSUPPORTED', 'MaxPool is only supported without its output of positions.')
	return asImages(node, (images) => {
		const x = operand(images, 0)
		const found = geometry(images, x, intsAttribute(images, 'kernel_shape', []))
		const { padded, inner } = withRoom(x, found, Number.NEGATIVE_INFINITY)
		return [images.emit('MaxPool', [padded], attributesOf(inner))]
	})
}

/**
 * The mean over windows. If the border does not count, or a window extends past the end, sums are divided by the known
 * number of entries that count.
 */
const averagePool: Reader = (node) =>
	asImages(node, (images) => {
		const x = operand(images, 0)
		const found = geometry(images, x, intsAttribute(images, 'kernel_shape', []))
		if (found.dilations.some((dilation) => dilation !== 1)) {
			throw new NaptuneError('NAP_ONNX_UNSUPPORTED', 'AveragePool is only supported without dilations.')
		}
		const { padded, inner } = withRoom(x, found, 0)
		const attributes = without(attributesOf(inner), 'dilations')
		const pooled = images.emit('AveragePool', [padded], { ...attributes, count_include_pad: int(1) })
		const included = intAttribute(images, 'count_include_pad', 0) === 1
		const counts = [0, 1].map((axis) => countedEntries(found, axis, x.shape[axis + 2] as number, included))
		const whole = at(found.kernel, 0) * at(found.kernel, 1)
		const factors = at(counts, 0).flatMap((rows) => at(counts, 1).map((columns) => whole / (rows * columns)))
		if (factors.every((factor) => factor === 1)) return [pooled]
		const map = { type: 'float32', shape: [1, 1, ...found.sizes], data: Float32Array.from(factors) } as const
		return [ops.mul(pooled, ops.cast(ops.literal(map), x.type))]
	})

/** Number of counted entries of each window along an axis. */
function countedEntries(
	{ kernel, strides, pads, declared, sizes }: Geometry,
	axis: number,
	size: number,
	included: boolean,
) {
	const [least, most] = included ? [-at(declared, axis), size + at(declared, axis + 2)] : [0, size]
	return listOf('A row of windows', at(sizes, axis), (index) => {
		const start = index * at(strides, axis) - at(pads, axis)
		return Math.max(1, Math.min(start + at(kernel, axis), most) - Math.max(start, least))
	})
}

function spatialAxes(x: Value): number[] {
	return x.shape.slice(2).map((_, axis) => axis + 2)
}

export const windowReaders: Readonly<Record<string, Reader>> = {
	Conv: conv,
	ConvTranspose: convTranspose,
	MaxPool: maxPool,
	AveragePool: averagePool,
	GlobalAveragePool: (node) => {
		const x = operand(node, 0)
		return x.shape.length === 4 ? asIs(node) : [ops.reduceMean(x, spatialAxes(x), true)]
	},
	GlobalMaxPool: (node) => {
		const x = operand(node, 0)
		return [ops.reduceMax(x, spatialAxes(x), true)]
	},
}
