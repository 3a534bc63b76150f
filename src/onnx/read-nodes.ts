/** Nodes of ONNX files in the graph language: what other versions and tools write differently, or with more operators. */

import { NaptuneError } from '../errors.js'
import { describeShape, normalizeAxis, staticDimension } from './dimensions.js'
import { isFloat } from './element-types.js'
import { integers, scalar } from './emit.js'
import { constantIntegers, type Emit, intAttribute, stringAttribute } from './operator.js'
import { operators } from './operators/index.js'
import * as ops from './ops.js'
import { symbolicIntegers } from './symbolic-integers.js'
import { elementCount, type Tensor, tensor } from './tensor.js'
import type { Attribute, Attributes, Value } from './value.js'

/** A node as a file has it. */
export interface StoredNode {
	readonly operator: string
	readonly inputs: readonly (Value | null)[]
	/** Attributes that the graph language can hold. */
	readonly attributes: Attributes
	/** Other attributes: tensors and lists of floats. */
	readonly tensors: Readonly<Record<string, Tensor>>
	readonly outputCount: number
	/** Version of the standard operator set the file is written in. */
	readonly opset: number
	readonly emit: Emit
}

/** More elements than a mask or position table has: refused instead of allocated. */
const largestFilled = 2 ** 26

type Reader = (node: StoredNode) => readonly Value[]

/** Whether {@link applyStored} knows an operator of the standard domain. */
export function isReadable(operator: string): boolean {
	return Object.hasOwn(readers, operator) || operators.has(operator)
}

/**
 * Applies a stored node in the graph language.
 * @throws NaptuneError for attributes or inputs the language does not support.
 */
export function applyStored(node: StoredNode): readonly Value[] {
	const reader = Object.hasOwn(readers, node.operator) ? readers[node.operator]! : asIs
	return reader(node)
}

const asIs: Reader = ({ operator, inputs, attributes, tensors, emit }) => {
	const [unknown] = Object.keys(tensors)
	if (unknown !== undefined) throw new NaptuneError(`${operator} does not take the tensor attribute ${unknown}.`)
	return emit.all(operator, inputs, attributes)
}

function operand(node: StoredNode, index: number): Value {
	const value = node.inputs[index]
	if (!value) throw new NaptuneError(`${node.operator} needs input ${index}, which is missing.`)
	return value
}

function without(attributes: Attributes, ...names: readonly string[]): Record<string, Attribute> {
	return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)))
}

/** Sum, Mean, Max and Min of any number of operands become chains of two. */
function chain(operator: string, finish: (total: Value, count: number) => Value = (total) => total): Reader {
	return (node) => {
		const parts = node.inputs.map((_, index) => operand(node, index))
		if (parts.length === 0) throw new NaptuneError(`${node.operator} needs at least one input.`)
		return [
			finish(
				parts.reduce((total, part) => node.emit(operator, [total, part])),
				parts.length,
			),
		]
	}
}

/** Axes became an input in version 18 (13 for sums); an empty list means all axes unless `noop_with_empty_axes`. */
function reduction(operator: string, prepare: (x: Value) => Value = (x) => x): Reader {
	return (node) => {
		const { attributes, inputs, emit } = node
		const x = prepare(operand(node, 0))
		const listed = attributes.axes?.kind === 'ints' ? integers(attributes.axes.value) : null
		const axes = inputs[1] ?? listed
		const empty = !axes || constantIntegers(node, axes).length === 0
		if (empty && intAttribute(node, 'noop_with_empty_axes', 0) === 1) return [x]
		return [emit(operator, empty ? [x] : [x, axes], without(attributes, 'axes', 'noop_with_empty_axes'))]
	}
}

/** A tensor of one value in the shape that another tensor lists; symbolic sizes are broadcast at run time. */
const constantOfShape: Reader = (node) => {
	const target = operand(node, 0)
	const sizes = symbolicIntegers(target)
	if (!sizes) throw new NaptuneError('ConstantOfShape needs a shape that is constant or computed from shapes.')
	const one = node.tensors.value ?? tensor('float32', [1], new Float32Array(1))
	if (one.data.length !== 1) throw new NaptuneError('ConstantOfShape needs a value of one element.')
	if (!sizes.every((size) => typeof size === 'number')) {
		return [node.emit('Expand', [ops.literal({ ...one, shape: [] }), target])]
	}
	const count = sizes.some((size) => size < 0) ? Number.NaN : elementCount(sizes)
	if (!(count <= largestFilled)) {
		throw new NaptuneError(`ConstantOfShape of ${describeShape(sizes)} is not possible or too large.`)
	}
	const data = new (one.data.constructor as new (length: number) => typeof one.data)(count)
	return [ops.literal(tensor(one.type, sizes, (data as Float32Array).fill(one.data[0] as number)))]
}

const constant: Reader = ({ attributes, tensors }) => {
	const { value_int: whole, value_ints: wholes } = attributes
	const stored = tensors.value ?? tensors.value_float ?? tensors.value_floats
	if (stored) return [ops.literal(stored)]
	if (whole?.kind === 'int') return [scalar(whole.value, 'int64')]
	if (wholes?.kind === 'ints') return [integers(wholes.value)]
	if (attributes.value_float?.kind === 'float') return [scalar(attributes.value_float.value, 'float32')]
	throw new NaptuneError('Constant is supported with a tensor, numbers or a list of numbers.')
}

const range: Reader = (node) => {
	const [start, limit, step] = [0, 1, 2].map((index) => constantIntegers(node, operand(node, index))[0] ?? Number.NaN)
	const count = Math.max(0, Math.ceil((limit! - start!) / step!))
	if (!(count <= largestFilled)) throw new NaptuneError(`Range from ${start} to ${limit} by ${step} is not possible.`)
	const values = Array.from({ length: count }, (_, at) => start! + at * step!)
	return [operand(node, 0).type === 'int32' ? ops.cast(integers(values), 'int32') : integers(values)]
}

/** Without training, dropout changes nothing. */
const dropout: Reader = (node) => {
	const training = node.inputs[2]
	if (node.outputCount > 1 || (training && symbolicIntegers(training)?.[0] !== 0)) {
		throw new NaptuneError('Dropout is supported for inference only: without training mode and mask.')
	}
	return [operand(node, 0)]
}

const split: Reader = (node) => {
	const x = operand(node, 0)
	const axis = normalizeAxis(intAttribute(node, 'axis', 0), x.shape.length, 'Split')
	const size = staticDimension(x.shape, axis, 'Split')
	const count = node.outputCount
	const even = Math.ceil(size / count)
	const lengths = node.inputs[1]
		? constantIntegers(node, node.inputs[1])
		: Array.from({ length: count }, (_, at) => Math.max(0, Math.min(even, size - at * even)))
	if (lengths.length !== count || lengths.reduce((total, length) => total + length, 0) !== size) {
		throw new NaptuneError(
			`Split of axis ${axis} of ${describeShape(x.shape)} into [${lengths.join(', ')}] does not give ${count} parts of it.`,
		)
	}
	let end = 0
	return lengths.map((length) => {
		end += length
		return node.emit('Slice', [x, ...[[end - length], [end], [axis]].map((list) => integers(list))])
	})
}

const squeeze: Reader = (node) => {
	const x = operand(node, 0)
	if (node.inputs[1]) return asIs(node)
	const axes = x.shape.flatMap((dimension, axis) => (dimension === 1 ? [axis] : []))
	return [node.emit('Squeeze', [x, integers(axes)])]
}

/** Since version 18 amounts may be given for some axes only. */
const pad: Reader = (node) => {
	const [x, amounts, filling, axes] = [operand(node, 0), operand(node, 1), node.inputs[2] ?? null, node.inputs[3]]
	if (!axes) return [node.emit('Pad', [x, amounts, filling], node.attributes)]
	const rank = x.shape.length
	const listed = constantIntegers(node, axes).map((axis) => normalizeAxis(axis, rank, 'Pad'))
	const given = constantIntegers(node, amounts)
	const all = new Array<number>(2 * rank).fill(0)
	listed.forEach((axis, at) => {
		all[axis] = given[at] ?? Number.NaN
		all[axis + rank] = given[at + listed.length] ?? Number.NaN
	})
	return [node.emit('Pad', [x, integers(all), filling], node.attributes)]
}

/** The exponent may have another type than the base. */
const pow: Reader = (node) => {
	const [base, exponent] = [operand(node, 0), operand(node, 1)]
	return [node.emit('Pow', [base, isFloat(base.type) ? ops.cast(exponent, base.type) : exponent])]
}

const gelu: Reader = (node) => {
	const x = operand(node, 0)
	if (stringAttribute(node, 'approximate', 'none') === 'none') return [ops.gelu(x)]
	const inner = ops.mul(ops.add(x, ops.mul(ops.mul(x, ops.mul(x, x)), 0.044715)), Math.sqrt(2 / Math.PI))
	return [ops.mul(ops.mul(x, 0.5), ops.add(ops.tanh(inner), 1))]
}

/** The padding mode VALID is another way to write no padding. */
const conv: Reader = (node) => {
	if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'VALID') return asIs(node)
	return asIs({ ...node, attributes: without(node.attributes, 'auto_pad', 'pads') })
}

const readers: Readonly<Record<string, Reader>> = {
	Constant: constant,
	ConstantOfShape: constantOfShape,
	Range: range,
	Dropout: dropout,
	Sum: chain('Add'),
	Mean: chain('Add', (total, count) => ops.div(total, count)),
	Max: chain('Max'),
	Min: chain('Min'),
	ReduceSum: reduction('ReduceSum'),
	ReduceMean: reduction('ReduceMean'),
	ReduceMax: reduction('ReduceMax'),
	ReduceMin: reduction('ReduceMin'),
	ReduceL2: reduction('ReduceL2'),
	ReduceL1: reduction('ReduceSum', ops.abs),
	ReduceSumSquare: reduction('ReduceSum', (x) => ops.mul(x, x)),
	Split: split,
	Squeeze: squeeze,
	Pad: pad,
	Pow: pow,
	Gelu: gelu,
	Conv: conv,
	ConvTranspose: conv,
	Cast: ({ inputs, attributes, emit }) => emit.all('Cast', inputs, without(attributes, 'saturate')),
}
