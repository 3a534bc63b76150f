/**
 * What is known about small integer tensors while a graph is built. Exporters compute shapes inside the graph
 * (`Shape`, `Gather`, `Concat`, …); their results are numbers or symbolic sizes that shape rules need at once.
 */

import { product, quotient } from './dimensions.js'
import type { Dimension, Node, Value } from './value.js'

/** Entries of an integer tensor of rank 0 or 1. */
type Entries = readonly Dimension[]

/** Longer tensors are data, not shapes. */
const longest = 64
/** Deeper computations are not followed, so that hostile graphs cannot exhaust the call stack. */
const deepest = 256

/**
 * Entries of a constant integer vector or scalar, or of one that is computed from constants and shapes.
 * Booleans count as 0 and 1.
 * @returns One number or symbolic size per entry; `undefined` when it depends on data or is not understood.
 */
export function symbolicIntegers(value: Value): Entries | undefined {
	const known = new Map<Value, Entries | undefined>()
	const visit = (current: Value, depth: number): Entries | undefined => {
		if (known.has(current)) return known.get(current)
		const result = depth > deepest ? undefined : evaluate(current, (next) => visit(next, depth + 1))
		known.set(current, result)
		return result
	}
	return visit(value, 0)
}

function evaluate(value: Value, visit: (value: Value) => Entries | undefined): Entries | undefined {
	if (value.type !== 'int64' && value.type !== 'int32' && value.type !== 'bool') return undefined
	if (value.shape.length > 1) return undefined
	const { source } = value
	if (source.kind === 'constant') {
		return source.tensor.data.length > longest ? undefined : Array.from(source.tensor.data as BigInt64Array, Number)
	}
	if (source.kind !== 'node') return undefined
	const { node } = source
	if (node.operator === 'Shape') return shapeEntries(node)
	if (!(node.operator in rules)) return undefined
	const inputs: Entries[] = []
	for (const input of node.inputs) {
		const entries = input ? visit(input) : []
		if (!entries) return undefined
		inputs.push(entries)
	}
	const result = rules[node.operator]!(inputs, node)
	return result && result.length <= longest && result.every((entry) => entry !== undefined)
		? (result as Entries)
		: undefined
}

/** The part of a value's shape that its `Shape` node reads (attributes start and end of opset 15). */
export function shapeEntries({ inputs, attributes }: Pick<Node, 'inputs' | 'attributes'>): Entries {
	const bound = (name: string) => (attributes[name]?.kind === 'int' ? attributes[name].value : undefined)
	return inputs[0]!.shape.slice(bound('start') ?? 0, bound('end'))
}

type Partial = readonly (Dimension | undefined)[]
type Rule = (inputs: readonly Entries[], node: Node) => Partial | undefined

const same: Rule = ([x]) => x

/** Entry by entry; a single entry meets every entry of the other. */
function zip(operation: (a: Dimension, b: Dimension) => Dimension | undefined): Rule {
	return ([a, b]) => {
		const length = a!.length === 1 ? b!.length : a!.length
		if (b!.length !== 1 && b!.length !== length) return undefined
		return Array.from({ length }, (_, at) =>
			operation(a!.length === 1 ? a![0]! : a![at]!, b!.length === 1 ? b![0]! : b![at]!),
		)
	}
}

function numbers(operation: (a: number, b: number) => number): Rule {
	return zip((a, b) => (typeof a === 'number' && typeof b === 'number' ? operation(a, b) : undefined))
}

function multiply(a: Dimension, b: Dimension): Dimension | undefined {
	if (typeof a === 'number' && typeof b === 'number') return a * b
	return [a, b].some((factor) => typeof factor === 'number' && factor < 0) ? undefined : product([a, b])
}

function divide(a: Dimension, b: Dimension): Dimension | undefined {
	if (typeof a === 'number' && typeof b === 'number') return b === 0 ? undefined : Math.trunc(a / b)
	return quotient(a, b)
}

/** A symbolic size is at least 0, so it differs from every negative number; whether it equals another one is not known. */
function isEqual(a: Dimension, b: Dimension): Dimension | undefined {
	if (a === b) return 1
	if (typeof a === 'number' && typeof b === 'number') return 0
	return [a, b].some((entry) => typeof entry === 'number' && entry < 0) ? 0 : undefined
}

function differs(a: Dimension, b: Dimension): Dimension | undefined {
	const equal = isEqual(a, b)
	return equal === undefined ? undefined : 1 - (equal as number)
}

const rules: Readonly<Record<string, Rule>> = Object.assign(Object.create(null) as object, {
	Identity: same,
	Cast: ((inputs, node) =>
		node.outputs[0]!.type === 'bool' ? zip(differs)([inputs[0]!, [0]], node) : inputs[0]) satisfies Rule,
	Squeeze: same,
	Unsqueeze: same,
	Reshape: same,
	Add: numbers((a, b) => a + b),
	Sub: numbers((a, b) => a - b),
	Mul: zip(multiply),
	Div: zip(divide),
	Max: numbers(Math.max),
	Min: numbers(Math.min),
	Equal: zip(isEqual),
	Where: (([condition, a, b]) => {
		const length = Math.max(condition!.length, a!.length, b!.length)
		const entry = (entries: Entries, at: number) => entries[entries.length === 1 ? 0 : at]
		return Array.from({ length }, (_, at) => {
			const holds = entry(condition!, at)
			return typeof holds === 'number' ? entry(holds ? a! : b!, at) : undefined
		})
	}) satisfies Rule,
	Concat: ((parts) => parts.flat()) satisfies Rule,
	Gather: (([data, indices]) =>
		indices!.map((index) => (typeof index === 'number' ? data!.at(index) : undefined))) satisfies Rule,
	Slice: (([data, starts, ends]) =>
		typeof starts![0] === 'number' && typeof ends![0] === 'number' && starts!.length === 1
			? data!.slice(starts![0], ends![0])
			: undefined) satisfies Rule,
})
