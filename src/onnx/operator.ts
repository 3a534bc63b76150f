/** What an operator is: its shape rule, its gradient rule and one line of documentation, in one object. */

import { NaptuneError } from '../errors.js'
import { describeShape } from './dimensions.js'
import type { ElementType } from './tensor.js'
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

/** What a gradient rule sees. */
export interface GradientCall {
	readonly node: Node
	readonly inputs: readonly (Value | null)[]
	readonly attributes: Attributes
	readonly outputs: readonly Value[]
	/** Gradients that arrived at the outputs; `null` where none did. At least one is present. */
	readonly outputGradients: readonly (Value | null)[]
	/** Which inputs' gradients somebody asked for; others may be returned as `null`. */
	readonly wanted: readonly boolean[]
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
	/** Types and shapes of all outputs. @throws NaptuneError on unusable inputs. */
	readonly infer: (call: Call) => readonly TensorType[]
	/** The gradient rule; `'none'` where the derivative is zero or undefined everywhere (integers, comparisons, sign). */
	readonly gradient: GradientRule | 'none'
}

/** The given input. @throws NaptuneError when it was omitted. */
export function required(call: Call, index: number): Value {
	const value = call.inputs[index]
	if (!value) throw new NaptuneError(`${call.operator} needs input ${index}, which is missing.`)
	return value
}

/** @throws NaptuneError unless the value is float32 or float64. */
export function requireFloat(call: Call, value: Value): void {
	if (value.type !== 'float32' && value.type !== 'float64') {
		throw new NaptuneError(`${call.operator} works on float32 or float64, not on ${value.type}.`)
	}
}

/** @throws NaptuneError unless both values have the same element type. */
export function requireSameType(call: Call, a: Value, b: Value): void {
	if (a.type !== b.type) {
		throw new NaptuneError(
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
 * The whole numbers of a constant integer input, such as axes or slice bounds.
 * @throws NaptuneError when the value is not a constant of integers.
 */
export function constantIntegers(call: { readonly operator: string }, value: Value): readonly number[] {
	if (value.source.kind !== 'constant' || (value.type !== 'int64' && value.type !== 'int32')) {
		throw new NaptuneError(
			`${call.operator} needs its shape-like input to be a constant of integers, so that ranks and sizes are known while the graph is built.`,
		)
	}
	return Array.from(value.source.tensor.data as BigInt64Array, Number)
}
