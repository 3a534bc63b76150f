/** Parts of exported graphs: what lies between values of them that have names, with every node and weight as it is in the file. */

import { type ModelProto, type NodeProto, TensorProto_DataType } from 'onnx-buf'
import { at, present } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import { inlineInitializer, type Port, portMessage } from '../onnx/protobuf.js'

/** Where a part begins and ends. Names are those of inputs, outputs or any value between. */
export interface PartOf {
	/** Values that are fed instead of computed. */
	readonly feeds?: readonly Port[]
	/** Values that are fixed instead of computed. */
	readonly fixed?: Readonly<Record<string, Tensor>>
	/** Values that are given, as outputs. */
	readonly outputs: readonly Port[]
}

/**
 * The part of a model that computes some of its values from others. Nothing of it is computed in another way than in the whole.
 * @throws NaptuneError where the model has no such value, or needs others than those that are fed or fixed.
 */
export function graphPart(model: ModelProto, { feeds = [], fixed = {}, outputs }: PartOf): ModelProto {
	const graph = present(model.graph, 'graph in the model')
	const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)))
	/** What an output of the model is another name of. */
	const source = (name: string): string => {
		const node = producers.get(name)
		return node?.opType === 'Identity' && graph.output.some((port) => port.name === name) ? at(node.input, 0) : name
	}
	const given = [...feeds.map(({ name }) => name), ...Object.keys(fixed)]
	const renamed = new Map(given.map((name) => [source(name), name]))
	const nodes = new Set<NodeProto>()
	const read = new Set<string>()
	const rest = outputs.map(({ name }) => name)
	for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
		if (name === '' || read.has(name)) continue
		read.add(name)
		const node = producers.get(name)
		if (renamed.has(name) || !node || nodes.has(node)) continue
		nodes.add(node)
		rest.push(...node.input)
	}
	const stored = graph.initializer.filter(({ name }) => read.has(name))
	const inputs = graph.input.filter(({ name }) => read.has(name) && !renamed.has(name))
	const known = new Set([...stored, ...inputs].map(({ name }) => name))
	const missing = [...read].find(
		(name) => name !== '' && !producers.has(name) && !renamed.has(name) && !known.has(name),
	)
	const unread = given.find((name) => !read.has(source(name)))
	if (missing !== undefined || unread !== undefined || inputs.length > 0) {
		const what = missing ?? unread ?? at(inputs, 0).name
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The exported graph has no part from ${given.join(', ')} to ${outputs.map(({ name }) => name).join(', ')}: ${what} is missing or not read. Export again.`,
		)
	}
	return {
		...model,
		graph: {
			...graph,
			node: graph.node
				.filter((node) => nodes.has(node))
				.map((node) => ({ ...node, input: node.input.map((name) => renamed.get(name) ?? name) })),
			initializer: [...stored, ...Object.entries(fixed).map(([name, tensor]) => inlineInitializer(name, tensor))],
			input: feeds.map(portMessage),
			output: outputs.map(portMessage),
		},
	}
}

/** The value that a cast to float32 of some input gives. @throws NaptuneError where the input is not cast. */
export function castOf(model: ModelProto, input: string): string {
	const { node } = present(model.graph, 'graph in the model')
	const found = node.find(
		({ opType, input: operands, attribute }) =>
			opType === 'Cast' && operands[0] === input && attribute.some(({ i }) => i === BigInt(TensorProto_DataType.FLOAT)),
	)
	if (found) return at(found.output, 0)
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`The exported graph does not turn its input ${input} into numbers. Export again.`,
	)
}
