/** Symbolic values: the nodes and edges of a graph under construction. */

import type { ElementType, Tensor } from '../core/tensor.js'

/**
 * A dimension: a number, or a symbolic size such as `B` (batch), written `k*B` when it is a multiple of one.
 * Rank is always static.
 */
export type Dimension = number | string

/** The shape of a symbolic value. */
export type Shape = readonly Dimension[]

/** Attribute values of a node. Integers are JavaScript numbers; an attribute tensor is not needed by our operators. */
export type Attribute =
	| { readonly kind: 'int'; readonly value: number }
	| { readonly kind: 'float'; readonly value: number }
	| { readonly kind: 'string'; readonly value: string }
	| { readonly kind: 'ints'; readonly value: readonly number[] }

/** Attributes of a node by ONNX name. */
export type Attributes = Readonly<Record<string, Attribute>>

/** Location of a large initializer's bytes: a slice of an existing file, never copied. */
export interface ExternalReference {
	/** Absolute path of the file that holds the bytes (symlinks allowed; resolved when compiled); with `content`, its name. */
	readonly file: string
	/** The whole file if it is in memory, as in a browser. */
	readonly content?: Uint8Array
	/** Offset of the first byte. */
	readonly offset: number
	/** Length in bytes. */
	readonly length: number
}

/** One application of an operator. */
export interface Node {
	/** ONNX operator name, such as `MatMul`. */
	readonly operator: string
	/** Inputs in ONNX order; `null` for an omitted optional input. */
	readonly inputs: readonly (Value | null)[]
	readonly attributes: Attributes
	/** Outputs in ONNX order; filled in once by the builder. */
	readonly outputs: readonly Value[]
	/** Where in the model the node comes from, such as `visual.layers.3.mlp`; shown in errors of the engine. */
	origin: string
}

/** Origin of a value. */
export type Source =
	| { readonly kind: 'input'; readonly name: string }
	| { readonly kind: 'constant'; readonly tensor: Tensor }
	| { readonly kind: 'external'; readonly name: string; readonly reference: ExternalReference }
	| { readonly kind: 'node'; readonly node: Node; readonly output: number }

/** A symbolic tensor with element type and static rank. */
export interface Value {
	readonly type: ElementType
	readonly shape: Shape
	readonly source: Source
}
