/** Reads operators that cut, repeat and rearrange tensors. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { describeShape, normalizeAxis, staticDimension } from '../dimensions.js'
import { integers } from '../emit.js'
import { constantIntegers, int, intAttribute, ints, stringAttribute } from '../operator.js'
import * as ops from '../ops.js'
import { asIs, listOf, operand, type Reader, type StoredNode, without } from '../stored-node.js'
import { symbolicIntegers } from '../symbolic-integers.js'
import type { Value } from '../value.js'

/** Lengths of the parts were an attribute before version 13. */
export const split: Reader = (node) => {
	const x = operand(node, 0)
	const axis = normalizeAxis(intAttribute(node, 'axis', 0), x.shape.length, 'Split')
	const size = staticDimension(x.shape, axis, 'Split')
	const count = node.outputCount
	const even = Math.ceil(size / count)
	const lengths = node.inputs[1]
		? constantIntegers(node, node.inputs[1])
		: node.attributes.split?.kind === 'ints'
			? node.attributes.split.value
			: Array.from({ length: count }, (_, position) => Math.max(0, Math.min(even, size - position * even)))
	if (lengths.length !== count || lengths.reduce((total, length) => total + length, 0) !== size) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			`Split of axis ${axis} of ${describeShape(x.shape)} into [${lengths.join(', ')}] does not yield its ${count} parts.`,
		)
	}
	let end = 0
	return lengths.map((length) => {
		end += length
		return node.emit('Slice', [x, ...[[end - length], [end], [axis]].map((list) => integers(list))])
	})
}

/** Axes were an attribute before version 13. */
export const squeeze: Reader = (node) => {
	const x = operand(node, 0)
	if (node.inputs[1]) return asIs(node)
	const listed = node.attributes.axes?.kind === 'ints' ? node.attributes.axes.value : undefined
	const axes = listed ?? x.shape.flatMap((dimension, axis) => (dimension === 1 ? [axis] : []))
	return [node.emit('Squeeze', [x, integers(axes)])]
}

/** Axes were an attribute before version 13. */
export const unsqueeze: Reader = (node) => {
	if (node.attributes.axes?.kind !== 'ints') return asIs(node)
	return [node.emit('Unsqueeze', [operand(node, 0), integers(node.attributes.axes.value)])]
}

/** Steps other than 1 are entries chosen by their positions; bounds were attributes before version 10. */
export const slice: Reader = (node) => {
	const x = operand(node, 0)
	const list = (index: number, name: string): readonly number[] | undefined => {
		const stored = node.attributes[name]
		if (stored?.kind === 'ints') return stored.value
		const value = node.inputs[index]
		return value ? constantIntegers(node, value) : undefined
	}
	const starts = list(1, 'starts') ?? constantIntegers(node, operand(node, 1))
	const ends = list(2, 'ends') ?? constantIntegers(node, operand(node, 2))
	const axes = list(3, 'axes') ?? starts.map((_, position) => position)
	const steps = list(4, 'steps') ?? starts.map(() => 1)
	if ([ends, axes, steps].some(({ length }) => length !== starts.length)) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			`Slice needs as many ends, axes and steps as starts, of which it has ${starts.length}.`,
		)
	}
	const contiguous = steps.flatMap((step, position) => (step === 1 ? [position] : []))
	let result = x
	if (contiguous.length > 0) {
		const bounds = [starts, ends, axes].map((entries) =>
			integers(contiguous.map((position) => bounded(at(entries, position)))),
		)
		result = node.emit('Slice', [x, ...bounds])
	}
	steps.forEach((step, position) => {
		if (step === 1) return
		const axis = normalizeAxis(at(axes, position), x.shape.length, 'Slice')
		const positions = stepped(
			staticDimension(x.shape, axis, 'Slice with steps'),
			at(starts, position),
			at(ends, position),
			step,
		)
		result = node.emit('Gather', [result, integers(positions)], { axis: int(axis) })
	})
	return [result]
}

/** Exporters write the largest or smallest int64 for "to the end", which is not an exact number here. */
function bounded(item: number): number {
	return Math.max(-(2 ** 53), Math.min(2 ** 53, item))
}

/** The positions of a slice with steps, bounds clamped as ONNX says. */
function stepped(size: number, start: number, end: number, step: number): number[] {
	if (step === 0) throw new NaptuneError('NAP_ONNX_INVALID', 'Slice was given a step of 0.')
	const clamp = (bound: number, least: number, most: number) =>
		Math.max(least, Math.min(most, bound < 0 ? bound + size : bound))
	const [least, most] = step > 0 ? [0, size] : [-1, size - 1]
	const first = clamp(start, Math.max(0, least), most)
	const count = Math.max(0, Math.ceil((clamp(end, least, most) - first) / step))
	return listOf('Slice with steps', count, (position) => first + position * step)
}

/** Amounts may be given for some axes only (version 18), or as an attribute (before 11), and be negative: a cut. */
export const pad: Reader = (node) => {
	const x = operand(node, 0)
	const rank = x.shape.length
	const stored = node.attributes.pads
	const given = stored?.kind === 'ints' ? stored.value : constantIntegers(node, operand(node, 1))
	const axes = node.inputs[3]
		? constantIntegers(node, node.inputs[3]).map((axis) => normalizeAxis(axis, rank, 'Pad'))
		: x.shape.map((_, axis) => axis)
	if (given.length !== 2 * axes.length) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			`Pad of ${axes.length} axes needs ${2 * axes.length} amounts, got [${given.join(', ')}].`,
		)
	}
	const amounts = new Array<number>(2 * rank).fill(0)
	axes.forEach((axis, position) => {
		amounts[axis] = at(given, position)
		amounts[axis + rank] = at(given, position + axes.length)
	})
	const mode = stringAttribute(node, 'mode', 'constant')
	if (mode !== 'constant') return [padByPositions(node, x, amounts, mode)]
	const cut = amounts.map((amount) => Math.max(0, -amount))
	const kept = x.shape.reduce<Value>((part, _, axis) => {
		const [before, after] = [at(cut, axis), at(cut, axis + rank)]
		if (before === 0 && after === 0) return part
		return ops.slice(part, axis, before, staticDimension(x.shape, axis, 'Pad') - after)
	}, x)
	const value = node.attributes.value
	const filling =
		node.inputs[2] ?? (value?.kind === 'float' ? ops.cast(ops.literal(single(value.value)), x.type) : null)
	const scalarFilling = filling && filling.shape.length > 0 ? ops.reshape(filling, []) : filling
	return [node.emit('Pad', [kept, integers(amounts.map((amount) => Math.max(0, amount))), scalarFilling])]
}

function single(value: number) {
	return { type: 'float32', shape: [], data: Float32Array.of(value) } as const
}

/** Borders copied from the tensor's own entries. */
function padByPositions(node: StoredNode, x: Value, amounts: readonly number[], mode: string): Value {
	const rank = x.shape.length
	let result = x
	for (let axis = 0; axis < rank; axis++) {
		const [before, after] = [at(amounts, axis), at(amounts, axis + rank)]
		if (before === 0 && after === 0) continue
		const size = staticDimension(x.shape, axis, 'Pad')
		const positions = listOf('Padding', Math.max(0, before + size + after), (position) =>
			borderPosition(position - before, size, mode),
		)
		result = node.emit('Gather', [result, integers(positions)], { axis: int(axis) })
	}
	return result
}

function borderPosition(position: number, size: number, mode: string): number {
	switch (mode) {
		case 'edge':
			return Math.max(0, Math.min(size - 1, position))
		case 'wrap':
			return ((position % size) + size) % size
		case 'reflect': {
			const period = Math.max(1, 2 * (size - 1))
			const within = ((position % period) + period) % period
			return within < size ? within : period - within
		}
		default:
			throw new NaptuneError(
				'NAP_ONNX_UNSUPPORTED',
				`Pad supports the modes constant, reflect, edge and wrap, not ${mode}.`,
			)
	}
}

/** Repeats the tensor; an axis of size 1 broadcasts, also to a symbolic size. */
export const tile: Reader = (node) => {
	const x = operand(node, 0)
	const counts = symbolicIntegers(operand(node, 1))
	if (!counts || counts.length !== x.shape.length) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			`Tile of ${describeShape(x.shape)} needs one count per axis, constant or computed from shapes.`,
		)
	}
	let result = x
	counts.forEach((count, axis) => {
		if (x.shape[axis] === 1 || count === 1) return
		if (typeof count !== 'number' || count < 0 || count > 4096) {
			throw new NaptuneError('NAP_ONNX_INVALID', `Tile cannot repeat an axis of size ${x.shape[axis]} ${count} times.`)
		}
		result = ops.concat(
			Array.from({ length: count }, () => result),
			axis,
		)
	})
	const stretched = counts.some((count, axis) => x.shape[axis] === 1 && count !== 1)
	if (!stretched) return [result]
	const target = counts.map((count, axis) => (x.shape[axis] === 1 ? count : 1))
	if (target.every((count) => typeof count === 'number')) return [ops.expand(result, target as number[])]
	const ones = ops.where(ops.equal(ops.shapeOf(x), 1), operand(node, 1), integers(x.shape.map(() => 1)))
	return [node.emit('Expand', [result, ones])]
}

/** Channels become blocks of pixels. */
export const depthToSpace: Reader = (node) => {
	const x = operand(node, 0)
	const block = intAttribute(node, 'blocksize', 1)
	const [channels, height, width] = [1, 2, 3].map((axis) => staticDimension(x.shape, axis, 'DepthToSpace'))
	const depth = channels! / block ** 2
	const columnFirst = stringAttribute(node, 'mode', 'DCR') === 'DCR'
	const split = ops.reshape(
		x,
		columnFirst ? [-1, block, block, depth, height!, width!] : [-1, depth, block, block, height!, width!],
	)
	const moved = ops.transpose(split, columnFirst ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3])
	return [ops.reshape(moved, [-1, depth, height! * block, width! * block])]
}

/** Blocks of pixels become channels. */
export const spaceToDepth: Reader = (node) => {
	const x = operand(node, 0)
	const block = intAttribute(node, 'blocksize', 1)
	const [channels, height, width] = [1, 2, 3].map((axis) => staticDimension(x.shape, axis, 'SpaceToDepth'))
	const [rows, columns] = [height! / block, width! / block]
	const split = ops.reshape(x, [-1, channels!, rows, block, columns, block])
	const moved = node.emit('Transpose', [split], { perm: ints([0, 3, 5, 1, 2, 4]) })
	return [ops.reshape(moved, [-1, channels! * block ** 2, rows, columns])]
}

/** The number of elements. */
export const size: Reader = (node) => {
	const x = operand(node, 0)
	const sizes = ops.shapeOf(x)
	const parts = x.shape.map((_, axis) => ops.gather(sizes, integers([axis]), 0))
	const total = parts.reduce<Value>((product, part) => ops.mul(product, part), integers([1]))
	return [ops.reshape(total, [])]
}

/** With allowzero, 0 is a size instead of a copied one; this matters only for empty tensors, so drop the attribute. */
export const reshape: Reader = (node) => {
	const entries = symbolicIntegers(operand(node, 1))
	return asIs(entries?.includes(0) ? node : { ...node, attributes: without(node.attributes, 'allowzero') })
}
