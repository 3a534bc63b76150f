/** The definition of an operator: its shape rule, gradient rule and one line of documentation, in one object. */

import { NaptuneError } from '../core/errors.js'
import type { ElementType } from '../core/tensor.js'
import { describeShape, normalizeAxis } from './dimensions.js'
import { symbolicIntegers } from './symbolic-integers.js'
import type { Attribute, Attributes, Node, Shape, Value } from './value.js'

/** Element type and shape of one output. */
export interface TensorType {
	readonly type: ElementType
	readonly shape: Shape
}

/** The arguments of one application, before its outputs exist. */
export interface Call {
	readonly operator: string
	readonly inputs: readonly (Value | null)[]
	readonly attributes: Attributes
}

/**
 * Applies registered operators. Gradient rules receive it as an argument instead of importing builders,
 * so that they can emit any operator (their own included) without import cycles.
 */
export interface Emit {
	/** First output of one application. */
	(operator: string, inputs: readonly (Value | null)[], attributes?: Attributes): Value
	/** All outputs of one application. */
	all(operator: string, inputs: readonly (Value | null)[], attributes?: Attributes): readonly Value[]
	/** A scalar constant of the given element type. */
	scalar(value: number, type: ElementType): Value
	/** A vector of int64, as ONNX wants axes, shapes and slice bounds. */
	integers(values: readonly number[]): Value
}

/** The input of a gradient rule. */
export interface GradientCall {
	readonly node: Node
	readonly inputs: readonly (Value | null)[]
	readonly attributes: Attributes
	readonly outputs: readonly Value[]
	/** Gradients that arrived at the outputs; `null` where none did. At least one is present. */
	readonly outputGradients: readonly (Value | null)[]
	/** Inputs whose gradients are needed; others may be returned as `null`. */
	readonly wanted: readonly boolean[]
	/**
	 * Whether a value's own gradient is a result. A rule may skip other values between its node and an input, and return the
	 * input's gradient directly.
	 */
	readonly asked: (value: Value) => boolean
	readonly emit: Emit
}

/** One gradient per input, `null` where none flows (integer inputs, unwanted ones). */
export type GradientRule = (call: GradientCall) => readonly (Value | null)[]

/** An ONNX operator of the graph language. */
export interface Operator {
	/** ONNX name in the standard domain. */
	readonly name: string
	/** One line: what it computes. */
	readonly doc: string
	/** ONNX attributes it understands and their kinds; none by default. Others are refused. */
	readonly attributes?: Readonly<Record<string, Attribute['kind']>>
	/** Types and shapes of all outputs. @throws NaptuneError on unusable inputs. */
	readonly infer: (call: Call) => readonly TensorType[]
	/** Number of outputs that a node must name even if nothing reads them; 1 by default. */
	readonly requiredOutputs?: number
	/** The gradient rule; `'none'` where the derivative is zero or undefined everywhere (integers, comparisons, sign). */
	readonly gradient: GradientRule | 'none'
}

/** The given input. @throws NaptuneError when it was omitted. */
export function required(call: Call, index: number): Value {
	const value = call.inputs[index]
	if (!value) throw new NaptuneError('NAP_GRAPH_INVALID', `${call.operator} needs input ${index}, which is missing.`)
	return value
}

/** @throws NaptuneError unless the value has one of the given element types. */
export function requireType(call: Call, value: Value, types: readonly ElementType[]): void {
	if (!types.includes(value.type)) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} works on ${types.join(' or ')}, not on ${value.type} ${describeShape(value.shape)}; cast it first.`,
		)
	}
}

/** @throws NaptuneError unless the value is float32 or float64. */
export function requireFloat(call: Call, value: Value): void {
	requireType(call, value, ['float32', 'float64'])
}

/** @throws NaptuneError unless the value is a number (anything but bool). */
export function requireNumber(call: Call, value: Value): void {
	requireType(call, value, ['float32', 'float64', 'int64', 'int32'])
}

/** @throws NaptuneError unless the value holds indices (int32 or int64). */
export function requireIndices(call: Call, value: Value): void {
	requireType(call, value, ['int64', 'int32'])
}

/** @throws NaptuneError unless both values have the same element type. */
export function requireSameType(call: Call, a: Value, b: Value): void {
	if (a.type !== b.type) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} needs inputs of one element type, got ${a.type} ${describeShape(a.shape)} and ${b.type} ${describeShape(b.shape)}.`,
		)
	}
}

type Attributed = { readonly attributes: Attributes }

/** An integer attribute or its ONNX default. */
export function intAttribute(call: Attributed, name: string, fallback: number): number {
	const attribute = call.attributes[name]
	return attribute?.kind === 'int' ? attribute.value : fallback
}

/** A float attribute or its ONNX default. */
export function floatAttribute(call: Attributed, name: string, fallback: number): number {
	const attribute = call.attributes[name]
	return attribute?.kind === 'float' ? attribute.value : fallback
}

/** A list attribute or its ONNX default. */
export function intsAttribute(call: Attributed, name: string, fallback: readonly number[]): readonly number[] {
	const attribute = call.attributes[name]
	return attribute?.kind === 'ints' ? attribute.value : fallback
}

/** A string attribute or its ONNX default. */
export function stringAttribute(call: Attributed, name: string, fallback: string): string {
	const attribute = call.attributes[name]
	return attribute?.kind === 'string' ? attribute.value : fallback
}

/** Shorthand for an integer attribute. */
export function int(value: number): Attribute {
	return { kind: 'int', value }
}

/** Shorthand for a float attribute. */
export function float(value: number): Attribute {
	return { kind: 'float', value }
}

/** Shorthand for a list attribute. */
export function ints(value: readonly number[]): Attribute {
	return { kind: 'ints', value }
}

/** Shorthand for a string attribute. */
export function text(value: string): Attribute {
	return { kind: 'string', value }
}

/**
 * The values of an integer input known at graph-building time, such as axes or slice bounds: a constant, or computed from
 * constants and fixed sizes.
 * @throws NaptuneError when it depends on anything else.
 */
export function constantIntegers(call: { readonly operator: string }, value: Value): readonly number[] {
	const known = symbolicIntegers(value)
	if (!known?.every((entry) => typeof entry === 'number')) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} needs constant integers for its axes, amounts or bounds, so that ranks and sizes are known while building the graph; got ${value.type} ${describeShape(value.shape)}${known ? ` with the entries ${describeShape(known)}` : ' that depends on data'}.`,
		)
	}
	return known as readonly number[]
}

/**
 * The same axes counted from the front.
 * @throws NaptuneError when one is out of range or named twice.
 */
export function normalizeAxes(call: { readonly operator: string }, axes: readonly number[], rank: number): number[] {
	const normalized = axes.map((axis) => normalizeAxis(axis, rank, call.operator))
	if (new Set(normalized).size !== normalized.length) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`${call.operator} was given one axis twice: [${axes.join(', ')}] for rank ${rank}.`,
		)
	}
	return normalized
}
