/**
 * Evaluates small tensors at graph-building time. Exporters compute shapes inside the graph (`Shape`, `Gather`, `Concat`,
 * …), sometimes through floats and matrices; shape rules need the resulting numbers or symbolic sizes immediately.
 */

import { at, entry } from '../core/at.js'
import { normalizeAxis, product, quotient } from './dimensions.js'
import { isFloat } from './element-types.js'
import { type Entries, gatherAlong, type Partial, permute, type Rule, rowMajor } from './known-entries.js'
import type { Dimension, Node, Value } from './value.js'

/** Longer tensors are data, not shapes. */
const longest = 64
/** Maximum depth of computations, so that hostile graphs cannot exhaust the call stack. */
const deepest = 256

/**
 * Entries of a constant integer vector or scalar, or of one that is computed from constants and shapes.
 * Booleans count as 0 and 1.
 * @returns One number or symbolic size per entry; `undefined` when it depends on data or is not understood.
 */
export function symbolicIntegers(value: Value): Entries | undefined {
	return isFloat(value.type) || value.shape.length > 1 ? undefined : knownEntries(value)
}

/**
 * The same for a tensor of any type and rank, in row-major order; entries of floats are numbers.
 */
export function knownEntries(value: Value): Entries | undefined {
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
	const { source } = value
	const count = product(value.shape)
	if (typeof count !== 'number' || count > longest) return undefined
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
	const result = entry(rules, node.operator)(inputs, node)
	if (!result || result.length > longest || result.some((item) => item === undefined)) return undefined
	if (!isFloat(value.type)) return result as Entries
	if (!result.every((item) => typeof item === 'number')) return undefined
	return value.type === 'float32' ? result.map((item) => Math.fround(item)) : (result as Entries)
}

/** The part of a value's shape that its `Shape` node reads (attributes start and end of opset 15). */
export function shapeEntries({ inputs, attributes }: Pick<Node, 'inputs' | 'attributes'>): Entries {
	const bound = (name: string) => (attributes[name]?.kind === 'int' ? attributes[name].value : undefined)
	return at(inputs, 0).shape.slice(bound('start') ?? 0, bound('end'))
}

const same: Rule = ([x]) => x

/** Combines entry by entry; a single entry pairs with every entry of the other. */
function zip(operation: (a: Dimension, b: Dimension, node: Node) => Dimension | undefined): Rule {
	return ([a, b], node) => {
		const length = a!.length === 1 ? b!.length : a!.length
		// Entries of matrices pair up only if the shapes are equal.
		const shapes = [0, 1].map((index) => node.inputs[index]?.shape ?? [])
		const matrices = shapes.some(({ length }) => length > 1) && a!.length > 1 && b!.length > 1
		if (matrices && String(shapes[0]) !== String(shapes[1])) return undefined
		if (b!.length !== 1 && b!.length !== length) return undefined
		return Array.from({ length }, (_, index) =>
			operation(a!.length === 1 ? at(a!, 0) : at(a!, index), b!.length === 1 ? at(b!, 0) : at(b!, index), node),
		)
	}
}

function numbers(operation: (a: number, b: number) => number): Rule {
	return zip((a, b) => (typeof a === 'number' && typeof b === 'number' ? operation(a, b) : undefined))
}

function unary(operation: (x: number) => number): Rule {
	return ([x]) => x!.map((item) => (typeof item === 'number' ? operation(item) : undefined))
}

function multiply(a: Dimension, b: Dimension): Dimension | undefined {
	if (typeof a === 'number' && typeof b === 'number') return a * b
	return [a, b].some((factor) => typeof factor === 'number' && factor < 0) ? undefined : product([a, b])
}

function divide(a: Dimension, b: Dimension, node: Node): Dimension | undefined {
	if (typeof a === 'number' && typeof b === 'number') {
		if (isFloat(at(node.outputs, 0).type)) return a / b
		return b === 0 ? undefined : Math.trunc(a / b)
	}
	return quotient(a, b)
}

/** The remainder has the sign of the divisor, or of the dividend with fmod; a multiple of a size leaves 0. */
function remainder(a: Dimension, b: Dimension, node: Node): Dimension | undefined {
	if (typeof a !== 'number' || typeof b !== 'number') return quotient(a, b) === undefined ? undefined : 0
	if (b === 0) return undefined
	const fmod = node.attributes.fmod
	const rest = fmod?.kind === 'int' && fmod.value === 1 ? a % b : a - b * Math.floor(a / b)
	return rest + 0
}

/** A symbolic size is at least 0, so it differs from every negative number; whether it equals another one is not known. */
function isEqual(a: Dimension, b: Dimension): Dimension | undefined {
	if (a === b) return 1
	if (typeof a === 'number' && typeof b === 'number') return 0
	return [a, b].some((item) => typeof item === 'number' && item < 0) ? 0 : undefined
}

function differs(a: Dimension, b: Dimension): Dimension | undefined {
	const equal = isEqual(a, b)
	return equal === undefined ? undefined : 1 - (equal as number)
}

const truth = (operation: (a: number, b: number) => boolean): Rule => numbers((a, b) => (operation(a, b) ? 1 : 0))

function cast([x]: readonly Entries[], node: Node): Partial {
	const { type } = at(node.outputs, 0)
	return x!.map((item) => {
		if (type === 'bool') return differs(item, 0)
		return typeof item === 'number' && !isFloat(type) ? Math.trunc(item) : item
	})
}

function gather([data, indices]: readonly Entries[], node: Node): Partial | undefined {
	const shape = at(node.inputs, 0).shape
	const stored = node.attributes.axis
	const axis = normalizeAxis(stored?.kind === 'int' ? stored.value : 0, shape.length, 'Gather')
	return gatherAlong(data!, shape, axis, indices!)
}

const rules: Readonly<Record<string, Rule>> = Object.assign(Object.create(null) as object, {
	Identity: same,
	Cast: cast,
	Squeeze: same,
	Unsqueeze: same,
	Reshape: same,
	Flatten: same,
	Add: numbers((a, b) => a + b),
	Sub: numbers((a, b) => a - b),
	Mul: zip(multiply),
	Div: zip(divide),
	Mod: zip(remainder),
	Pow: numbers((a, b) => a ** b),
	Max: numbers(Math.max),
	Min: numbers(Math.min),
	Neg: unary((x) => -x),
	Abs: unary(Math.abs),
	Floor: unary(Math.floor),
	Ceil: unary(Math.ceil),
	Sqrt: unary(Math.sqrt),
	Reciprocal: unary((x) => 1 / x),
	Equal: zip(isEqual),
	Greater: truth((a, b) => a > b),
	GreaterOrEqual: truth((a, b) => a >= b),
	Less: truth((a, b) => a < b),
	LessOrEqual: truth((a, b) => a <= b),
	And: truth((a, b) => a !== 0 && b !== 0),
	Or: truth((a, b) => a !== 0 || b !== 0),
	Not: unary((x) => (x === 0 ? 1 : 0)),
	Where: (([condition, a, b], node) => {
		if (at(node.outputs, 0).shape.length > 1) return undefined
		const length = Math.max(condition!.length, a!.length, b!.length)
		const item = (entries: Entries, index: number) => entries[entries.length === 1 ? 0 : index]
		return Array.from({ length }, (_, index) => {
			const holds = item(condition!, index)
			return typeof holds === 'number' ? item(holds ? a! : b!, index) : undefined
		})
	}) satisfies Rule,
	// In row-major order, parts along the first axis simply follow each other.
	Concat: ((parts, { attributes, outputs }) => {
		const axis = attributes.axis?.kind === 'int' ? attributes.axis.value : 0
		return axis === 0 || axis === -at(outputs, 0).shape.length ? parts.flat() : undefined
	}) satisfies Rule,
	Gather: gather satisfies Rule,
	Transpose: (([x], node) => permute(x!, node)) satisfies Rule,
	Slice: (([data, starts, ends], node) =>
		rowMajor(at(node.inputs, 0).shape) &&
		typeof starts![0] === 'number' &&
		typeof ends![0] === 'number' &&
		starts!.length === 1
			? data!.slice(starts![0], ends![0])
			: undefined) satisfies Rule,
})
