/** A node as a file has it, and what its readers share. */

import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import type { Emit } from './operator.js'
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
	/** Whether the graph language wrote the node itself, so that it is to be read back exactly. */
	readonly own: boolean
	readonly emit: Emit
}

/** Applies a stored node in the graph language. @throws NaptuneError for what the language does not support. */
export type Reader = (node: StoredNode) => readonly Value[]

/** For operators that the graph language has in the same form. */
export const asIs: Reader = ({ operator, inputs, attributes, tensors, emit }) => {
	const [unknown] = Object.keys(tensors)
	if (unknown !== undefined)
		throw new NaptuneError('NAP_ONNX_UNSUPPORTED', `${operator} does not take the tensor attribute ${unknown}.`)
	return emit.all(operator, inputs, attributes)
}

/** The given input. @throws NaptuneError when it is missing. */
export function operand(node: StoredNode, index: number): Value {
	const value = node.inputs[index]
	if (!value) throw new NaptuneError('NAP_ONNX_INVALID', `${node.operator} needs input ${index}, which is missing.`)
	return value
}

/** Attributes less some. */
export function without(attributes: Attributes, ...names: readonly string[]): Record<string, Attribute> {
	return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)))
}

/** More entries than an axis of images or a table of positions has: refused instead of allocated. */
const longestList = 2 ** 22

/**
 * A list made entry by entry.
 * @throws NaptuneError for a length that damaged or hostile files claim.
 */
export function listOf<T>(what: string, length: number, entry: (at: number) => T): T[] {
	if (!(length >= 0 && length <= longestList)) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			`${what} of ${length} entries is not possible or too large. Is the file damaged?`,
		)
	}
	return Array.from({ length }, (_, at) => entry(at))
}
