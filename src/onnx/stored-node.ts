/** A node as stored in a file, and helpers for its readers. */

import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import type { Emit } from './operator.js'
import type { Attribute, Attributes, Value } from './value.js'

/** A node as stored in a file. */
export interface StoredNode {
	readonly operator: string
	readonly inputs: readonly (Value | null)[]
	/** Attributes that the graph language supports. */
	readonly attributes: Attributes
	/** Other attributes: tensors and lists of floats. */
	readonly tensors: Readonly<Record<string, Tensor>>
	readonly outputCount: number
	/** Version of the standard operator set the file is written in. */
	readonly opset: number
	/** Whether the graph language wrote the node itself, so that it must be read back exactly. */
	readonly own: boolean
	readonly emit: Emit
}

/** Applies a stored node in the graph language. @throws NaptuneError for unsupported nodes. */
export type Reader = (node: StoredNode) => readonly Value[]

/** Reads operators that have the same form in the graph language. */
export const asIs: Reader = ({ operator, inputs, attributes, tensors, emit }) => {
	const [unknown] = Object.keys(tensors)
	if (unknown !== undefined)
		throw new NaptuneError('NAP_ONNX_UNSUPPORTED', `${operator} does not support the tensor attribute ${unknown}.`)
	return emit.all(operator, inputs, attributes)
}

/** The given input. @throws NaptuneError when it is missing. */
export function operand(node: StoredNode, index: number): Value {
	const value = node.inputs[index]
	if (!value) throw new NaptuneError('NAP_ONNX_INVALID', `${node.operator} needs input ${index}, which is missing.`)
	return value
}

/** Attributes without some. */
export function without(attributes: Attributes, ...names: readonly string[]): Record<string, Attribute> {
	return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)))
}

/** More entries than any axis of images or table of positions has, to refuse instead of allocate. */
const longestList = 2 ** 22

/**
 * Builds a list entry by entry.
 * @throws NaptuneError for an absurd length, as damaged or hostile files may claim.
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
