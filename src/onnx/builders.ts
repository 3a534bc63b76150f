/** Functions that build graphs. Numbers stand for scalar constants of the other operand's type. */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { type ElementType, elementBytes, elementCount, type Tensor } from '../core/tensor.js'
import { describeShape, isDimension, product, sameShape } from './dimensions.js'
import { elementTypeNumbers } from './element-types.js'
import { constant, emitter, integers, scalar } from './emit.js'
import { int, ints } from './operator.js'
import type { ExternalReference, Shape, Value } from './value.js'

const emit = emitter('')

/**
 * A graph input, fed at every run.
 * @param shape Sizes, some of which may be symbolic (`B`, `50*B`); a name stands for the same size everywhere.
 * @throws NaptuneError for an empty name, or sizes that are neither whole numbers nor products of names.
 */
export function input(name: string, type: ElementType, shape: Shape): Value {
	if (name === '') throw new NaptuneError('NAP_GRAPH_INVALID', 'An input needs a name.')
	const sizes = shape.map((dimension) => {
		if (!isDimension(dimension)) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`Input ${name} was given shape ${describeShape(shape)}; sizes are whole numbers of at least 0, or products of names such as B or 50*B.`,
			)
		}
		return product([dimension])
	})
	return { type, shape: sizes, source: { kind: 'input', name } }
}

/**
 * A weight by reference: a slice of a little-endian file, which the engine maps and never copies.
 * @throws NaptuneError when the length of the slice does not match type and shape, or in-memory content ends too early.
 */
export function external(
	name: string,
	type: ElementType,
	shape: readonly number[],
	reference: ExternalReference,
): Value {
	const bytes = elementCount(shape) * elementBytes[type]
	const { offset, length } = reference
	if (length !== bytes || !Number.isSafeInteger(offset) || offset < 0) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`Weight ${name}, ${type} ${describeShape(shape)}, needs ${bytes} bytes at an offset of at least 0; its slice of ${reference.file} has ${length} bytes at ${offset}.`,
		)
	}
	const { content } = reference
	if (content && content.byteLength < offset + length) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`Weight ${name} needs the bytes ${offset} to ${offset + length} of ${reference.file}, which has only ${content.byteLength}. Is the file complete?`,
		)
	}
	return { type, shape, source: { kind: 'external', name, reference } }
}

/** A small constant tensor, stored in the graph. */
export function literal(value: Tensor): Value {
	return constant(value)
}

/** An operand: a value, or a number that becomes a scalar of the other operand's type. */
export type Operand = Value | number

function lift(operand: Operand, like: Value): Value {
	return typeof operand === 'number' ? scalar(operand, like.type) : operand
}

function binary(operator: string): (a: Operand, b: Operand) => Value {
	return (a, b) => {
		const like = typeof a === 'number' ? b : a
		if (typeof like === 'number') {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`${operator} needs at least one graph value; got the numbers ${a} and ${b}.`,
			)
		}
		return emit(operator, [lift(a, like), lift(b, like)])
	}
}

function unary(operator: string): (x: Value) => Value {
	return (x) => emit(operator, [x])
}

export const add = binary('Add')
export const sub = binary('Sub')
export const mul = binary('Mul')
export const div = binary('Div')
export const pow = binary('Pow')
export const maximum = binary('Max')
export const minimum = binary('Min')
export const equal = binary('Equal')
export const greater = binary('Greater')
export const greaterOrEqual = binary('GreaterOrEqual')
export const less = binary('Less')
export const lessOrEqual = binary('LessOrEqual')
export const and = binary('And')
export const or = binary('Or')

export const not = unary('Not')
export const neg = unary('Neg')
export const exp = unary('Exp')
export const log = unary('Log')
export const sqrt = unary('Sqrt')
export const reciprocal = unary('Reciprocal')
export const abs = unary('Abs')
export const sign = unary('Sign')
export const sin = unary('Sin')
export const cos = unary('Cos')
export const tanh = unary('Tanh')
export const sigmoid = unary('Sigmoid')
export const relu = unary('Relu')
/** log(1 + e^x) */
export const softplus = unary('Softplus')
export const erf = unary('Erf')
export const floor = unary('Floor')
export const ceil = unary('Ceil')
/** Rounds to the nearest integer, halves to even. */
export const round = unary('Round')
export const identity = unary('Identity')
/** The sizes of a value's axes as int64, for `expandLike` and reshapes with several symbolic sizes. */
export const shapeOf = unary('Shape')

/** Entries of `a` where the condition holds, otherwise of `b`. */
export function where(condition: Value, a: Operand, b: Operand): Value {
	const like = typeof a === 'number' ? b : a
	if (typeof like === 'number') {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`Where needs at least one graph value to choose from; got the numbers ${a} and ${b}.`,
		)
	}
	return emit('Where', [condition, lift(a, like), lift(b, like)])
}

/** Converts the element type. */
export function cast(x: Value, type: ElementType): Value {
	return x.type === type ? x : emit('Cast', [x], { to: int(elementTypeNumbers[type]) })
}

/** Matrix product over the last two axes. */
export function matmul(a: Value, b: Value): Value {
	return emit('MatMul', [a, b])
}

/**
 * A linear layer on rows: x [N, in] · Wᵀ + b.
 * @param weight [out, in], as Hugging Face stores it.
 * @param bias [out], or null.
 */
export function linear(x: Value, weight: Value, bias: Value | null): Value {
	return emit('Gemm', bias ? [x, weight, bias] : [x, weight], { transB: int(1) })
}

/** Layer normalization over the last axis. */
export function layerNorm(x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value {
	return emit('LayerNormalization', [x, scale, bias], { axis: int(-1), epsilon: { kind: 'float', value: epsilon } })
}

export function softmax(x: Value, axis = -1): Value {
	return emit('Softmax', [x], { axis: int(axis) })
}

export function logSoftmax(x: Value, axis = -1): Value {
	return emit('LogSoftmax', [x], { axis: int(axis) })
}

function reduction(operator: string) {
	return (x: Value, axes?: readonly number[], keepDimensions = false): Value =>
		emit(operator, axes ? [x, integers(axes)] : [x], { keepdims: int(keepDimensions ? 1 : 0) })
}

/** Sum over axes (all by default). */
export const reduceSum = reduction('ReduceSum')
/** Mean over axes (all by default). */
export const reduceMean = reduction('ReduceMean')
/** Largest entry over axes (all by default). */
export const reduceMax = reduction('ReduceMax')
/** Smallest entry over axes (all by default). */
export const reduceMin = reduction('ReduceMin')
/** Euclidean norm over axes (all by default). */
export const reduceL2 = reduction('ReduceL2')

/** The same elements in another shape: -1 infers one size, 0 copies the size of that axis. */
export function reshape(x: Value, shape: readonly number[]): Value {
	return emit('Reshape', [x, integers(shape)])
}

/** The same elements in the shape of another value. */
export function reshapeLike(x: Value, like: Value): Value {
	if (sameShape(x.shape, like.shape)) return x
	return emit('Reshape', [x, shapeOf(like)])
}

export function unsqueeze(x: Value, axes: readonly number[]): Value {
	return emit('Unsqueeze', [x, integers(axes)])
}

export function squeeze(x: Value, axes: readonly number[]): Value {
	return emit('Squeeze', [x, integers(axes)])
}

export function transpose(x: Value, order: readonly number[]): Value {
	return emit('Transpose', [x], { perm: ints(order) })
}

/** Broadcasts to a fixed shape. */
export function expand(x: Value, shape: readonly number[]): Value {
	return emit('Expand', [x, integers(shape)])
}

/** Broadcasts to the shape of another value. */
export function expandLike(x: Value, like: Value): Value {
	return emit('Expand', [x, shapeOf(like)])
}

export function concat(parts: readonly Value[], axis: number): Value {
	return parts.length === 1 ? at(parts, 0) : emit('Concat', parts, { axis: int(axis) })
}

/** Entries `start` (inclusive) to `end` (exclusive, `Infinity` for all) of one axis; negative bounds count from the end. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
	const final = end === Number.POSITIVE_INFINITY ? 2 ** 53 : end
	return emit('Slice', [x, integers([start]), integers([final]), integers([axis])])
}

/** A border of zeros: amounts before and after each axis. */
export function pad(x: Value, before: readonly number[], after: readonly number[]): Value {
	return emit('Pad', [x, integers([...before, ...after])])
}

/** Entries of one axis chosen by an integer tensor. */
export function gather(x: Value, indices: Value, axis: number): Value {
	return emit('Gather', [x, indices], { axis: int(axis) })
}

/** For every index, the entry at that position of one axis; indices have the rank of `x`. */
export function gatherElements(x: Value, indices: Value, axis: number): Value {
	return emit('GatherElements', [x, indices], { axis: int(axis) })
}

/** Convolution without padding: x [B, C, H, W], weight [K, C, h, w]. */
export function conv(x: Value, weight: Value, bias: Value | null, strides: readonly [number, number]): Value {
	return emit('Conv', bias ? [x, weight, bias] : [x, weight], { strides: ints(strides) })
}

/** Entries limited to [least, most]; `null` for no limit. Where an entry equals a limit, its gradient passes. */
export function clip(x: Value, least: number | null, most: number | null): Value {
	return emit('Clip', [x, least === null ? null : scalar(least, x.type), most === null ? null : scalar(most, x.type)])
}

/** Position of the largest entry along one axis as int64; the first one among equals. */
export function argMax(x: Value, axis: number, keepDimensions = false): Value {
	return emit('ArgMax', [x], { axis: int(axis), keepdims: int(keepDimensions ? 1 : 0) })
}

/** The k largest entries along one axis in descending order, and their positions as int64. */
export function topK(x: Value, k: number, axis = -1): { readonly values: Value; readonly indices: Value } {
	const [values, indices] = emit.all('TopK', [x, integers([k])], { axis: int(axis) })
	return { values: values!, indices: indices! }
}

/** A matrix: axes before `axis` become rows, the others columns. */
export function flatten(x: Value, axis = 1): Value {
	return emit('Flatten', [x], { axis: int(axis) })
}
