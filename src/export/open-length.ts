/**
 * Graphs of a fixed length made graphs of any length. The graph language fixes how many tokens a tower reads; built for
 * several lengths, its graphs differ in constants alone: sizes and bounds, which grow with the length by a fixed step, and
 * tables (a causal mask, positions), of which a shorter graph holds a corner. Both are computed from the length at run time.
 */

import { create } from '@bufbuild/protobuf'
import {
	AttributeProto_AttributeType,
	AttributeProtoSchema,
	type GraphProto,
	type ModelProto,
	type NodeProto,
	NodeProtoSchema,
	type TensorProto,
	TensorProto_DataType,
	TensorProtoSchema,
	type ValueInfoProto,
} from 'onnx-buf'
import { at, present } from '../core/at.js'

/** One graph, built for a length. */
export interface FixedLength {
	readonly length: number
	readonly model: ModelProto
}

/** The length of an input at run time. */
export interface OpenAxis {
	/** Name of an input whose axis 1 has the length. */
	readonly input: string
	/** Inputs whose axis 1 becomes open. */
	readonly inputs: readonly string[]
	/** What that axis is called. */
	readonly symbol: string
}

/** The graphs differ in more than the length: a fault of the program. */
function differ(what: string): Error {
	return new Error(`Graphs that are built for several lengths differ in ${what}.`)
}

/**
 * The graph for every length up to that of the longest.
 * @param longest The graph whose tables are long enough for all.
 * @param shorter Two others, of different lengths: what the first tells of the step, the second has to confirm.
 */
export function withOpenLength(
	longest: FixedLength,
	shorter: readonly [FixedLength, FixedLength],
	axis: OpenAxis,
): ModelProto {
	const graphs = [longest, ...shorter].map(({ model }) => present(model.graph, 'graph in the model'))
	const lengths = [longest, ...shorter].map(({ length }) => length)
	const tables = graphs.map(({ initializer }) => new Map(initializer.map((tensor) => [tensor.name, tensor])))
	const [graph, ...others] = graphs as [GraphProto, ...GraphProto[]]
	if (others.some(({ node }) => node.length !== graph.node.length)) throw differ('their number of nodes')
	const opened = openings(axis, lengths)
	const nodes = graph.node.map((node, index) => {
		const same = others.map((other) => at(other.node, index))
		if (same.some(({ opType, input }) => opType !== node.opType || input.length !== node.input.length)) {
			throw differ(`node ${index} (${node.opType})`)
		}
		const input = node.input.map((name, position) => {
			const stored = [name, ...same.map((other) => at(other.input, position))].map((own, which) =>
				at(tables, which).get(own),
			)
			const [first, ...rest] = stored
			if (!first) return name
			if (rest.some((tensor) => !tensor)) throw differ(`input ${position} of node ${index}`)
			return opened.valueOf(stored.map((tensor) => present(tensor, 'constant')))
		})
		return { ...node, input }
	})
	const needed = new Set([...nodes, ...opened.nodes].flatMap(({ input }) => input))
	const initializer = [...graph.initializer, ...opened.initializers].filter(({ name }) => needed.has(name))
	const input = graph.input.map((port) => (axis.inputs.includes(port.name) ? withSymbol(port, axis.symbol) : port))
	const output = graph.output
	return { ...longest.model, graph: { ...graph, node: [...opened.nodes, ...nodes], initializer, input, output } }
}

/** Collects the nodes and constants that compute what depends on the length. */
function openings({ input }: OpenAxis, lengths: readonly number[]) {
	const nodes: NodeProto[] = []
	const initializers: TensorProto[] = []
	const known = new Map<string, string>()
	const node = (opType: string, inputs: readonly string[], output: string, attribute: NodeProto['attribute'] = []) => {
		nodes.push(
			create(NodeProtoSchema, {
				name: `length_${nodes.length}`,
				opType,
				input: [...inputs],
				output: [output],
				attribute,
			}),
		)
		return output
	}
	const constant = (values: readonly number[]) => {
		const name = `length_constant_${initializers.length}`
		initializers.push(
			create(TensorProtoSchema, {
				name,
				dataType: TensorProto_DataType.INT64,
				dims: [BigInt(values.length)],
				rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
			}),
		)
		return name
	}
	/** Entries of `step · length + rest`. */
	const affine = (steps: readonly number[], rest: readonly number[]): string => {
		const key = `${steps}|${rest}`
		const before = known.get(key)
		if (before !== undefined) return before
		const position = known.size
		const product = node('Mul', [theLength(), constant(steps)], `length_${position}_steps`)
		const sum = node('Add', [product, constant(rest)], `length_${position}_sum`)
		known.set(key, sum)
		return sum
	}
	let measured: string | undefined
	const theLength = (): string => {
		measured ??= node('Shape', [input], 'length', [attribute('start', 1), attribute('end', 2)])
		return measured
	}
	return {
		nodes,
		initializers,
		/** The value of a constant that every graph has at the same place, longest first. */
		valueOf(stored: readonly TensorProto[]): string {
			const [first] = stored
			const tensor = present(first, 'constant')
			if (stored.every((other) => sameTensor(tensor, other))) return tensor.name
			const isList =
				tensor.dims.length === 1 && stored.every(({ dims }) => dims.length === 1 && dims[0] === tensor.dims[0])
			if (tensor.dataType === TensorProto_DataType.INT64 && isList) {
				const fit = fitted(stored.map(integersOf), lengths)
				return affine(fit.steps, fit.rest)
			}
			// A table: every axis that grows is cut where the graph of that length ends.
			const sizes = stored.map(({ dims }) => dims.map(Number))
			const fit = fitted(sizes, lengths)
			const shorter = stored.slice(1)
			if (!shorter.every((other) => isCorner(tensor, other))) throw differ(`the constant ${tensor.name}`)
			const key = `corner of ${tensor.name}`
			const before = known.get(key)
			if (before !== undefined) return before
			const bounds = [constant(sizes[0]?.map(() => 0) ?? []), affine(fit.steps, fit.rest)]
			const cut = node('Slice', [tensor.name, ...bounds], `${tensor.name}_cut`)
			known.set(key, cut)
			return cut
		},
	}
}

/** Steps and rests by entry, of what is `step · length + rest` at every length. */
function fitted(values: readonly (readonly number[])[], lengths: readonly number[]) {
	const [longest, other] = values
	const steps = (longest ?? []).map((value, index) => {
		return (value - at(other ?? [], index)) / (at(lengths, 0) - at(lengths, 1))
	})
	const rest = (longest ?? []).map((value, index) => value - at(steps, index) * at(lengths, 0))
	const fits = values.every((entries, which) =>
		entries.every((value, index) => value === at(steps, index) * at(lengths, which) + at(rest, index)),
	)
	if (!fits || steps.some((step) => !Number.isInteger(step))) throw differ('sizes that do not grow with the length')
	return { steps, rest }
}

function sameTensor(a: TensorProto, b: TensorProto): boolean {
	return a.dataType === b.dataType && a.dims.join() === b.dims.join() && Buffer.compare(a.rawData, b.rawData) === 0
}

/** Whether a table is the corner of a larger one of the same rank. */
function isCorner(large: TensorProto, small: TensorProto): boolean {
	if (large.dims.length !== small.dims.length || large.dataType !== small.dataType) return false
	const [from, to] = [large, small].map(({ dims }) => dims.map(Number))
	const bytes = large.rawData.byteLength / product(from ?? [])
	for (let index = 0; index < product(to ?? []); index++) {
		let rest = index
		let place = 0
		let stride = 1
		for (let axis = (to ?? []).length - 1; axis >= 0; axis--) {
			const size = at(to ?? [], axis)
			place += (rest % size) * stride
			rest = Math.floor(rest / size)
			stride *= at(from ?? [], axis)
		}
		const own = small.rawData.subarray(index * bytes, (index + 1) * bytes)
		if (Buffer.compare(own, large.rawData.subarray(place * bytes, (place + 1) * bytes)) !== 0) return false
	}
	return true
}

function product(sizes: readonly number[]): number {
	return sizes.reduce((total, size) => total * size, 1)
}

function integersOf({ rawData }: TensorProto): number[] {
	const { buffer } = new Uint8Array(rawData)
	return Array.from(new BigInt64Array(buffer), Number)
}

function attribute(name: string, value: number) {
	return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) })
}

/** An input whose axis 1 is open. */
function withSymbol(port: ValueInfoProto, symbol: string): ValueInfoProto {
	const tensor = port.type?.value
	if (!port.type || tensor?.case !== 'tensorType' || !tensor.value.shape) throw differ(`the input ${port.name}`)
	const dim = tensor.value.shape.dim.map((size, axis) =>
		axis === 1 ? { ...size, value: { case: 'dimParam' as const, value: symbol } } : size,
	)
	const shape = { ...tensor.value.shape, dim }
	return { ...port, type: { ...port.type, value: { case: 'tensorType', value: { ...tensor.value, shape } } } }
}
