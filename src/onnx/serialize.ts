/** Writes a graph as an ONNX model. Large weights stay in place, as initializers by reference (external data). */

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { bytesToHex } from '@noble/hashes/utils.js'
import {
	GraphProtoSchema,
	ModelProtoSchema,
	OperatorSetIdProtoSchema,
	StringStringEntryProtoSchema,
	type TensorProto,
} from 'onnx-buf'
import { entry } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Tensor, TensorData } from '../core/tensor.js'
import { describeShape } from './dimensions.js'
import { fileName, folderName } from './locations.js'
import { operators } from './operators/index.js'
import {
	externalInitializer,
	inlineInitializer,
	nodeMessage,
	outputMessage,
	type Port,
	portMessage,
} from './protobuf.js'
import { leavesOf, nodesInOrder } from './traverse.js'
import type { ExternalReference, Node, Value } from './value.js'

/** Version of the standard operator set of written graphs. */
export const opsetVersion = 20
/** Version of the ONNX file format. */
export const irVersion = 9
/** Protobuf messages end at 2 GiB; the rest of a model needs some of it. */
const largestInline = 2 ** 31 - 2 ** 26

/** A serialised graph. */
export interface SerializedModel {
	/** The `.onnx` file's content. */
	readonly bytes: Uint8Array
	readonly inputs: readonly Port[]
	readonly outputs: readonly Port[]
	/** The directory of all external files; undefined if there are none, or several directories. */
	readonly externalDirectory: string | undefined
	/** Paths of all external files that are on disk. */
	readonly externalFiles: readonly string[]
	/** External files in memory, by their names in the model. */
	readonly externalContents: ReadonlyMap<string, Uint8Array>
	/** Origin of each node by its name in the model, for errors of the engine. */
	readonly nodeOrigins: ReadonlyMap<string, string>
}

/** Options of {@link serializeModel}. */
export interface SerializeOptions {
	/** Maps the path of an external file to its real path (symlinks resolved). Identity by default. */
	readonly resolveFile?: (file: string) => string
	/** Names an external file on disk for the model, given its real path. By default its name without the directory. */
	readonly locate?: (file: string) => string
	/** Free-form text to store in the model, by key: ONNX's metadata_props. */
	readonly metadata?: Readonly<Record<string, string>>
}

/**
 * Serialises the graph that computes the named outputs. Equal small constants and equal references are stored once.
 * @throws NaptuneError when there are no outputs, when inputs of one name differ, when two external files would share a
 * name, or when constants do not fit into one model.
 */
export function serializeModel(
	outputs: Readonly<Record<string, Value>>,
	{ resolveFile = (file) => file, locate = fileName, metadata = {} }: SerializeOptions = {},
): SerializedModel {
	const entries = Object.entries(outputs)
	if (entries.length === 0)
		throw new NaptuneError('NAP_GRAPH_INVALID', 'A model needs at least one output; none was given.')
	const roots = entries.map(([, value]) => value)
	const order = nodesInOrder(roots)
	const leaves = leavesOf(roots)
	const inputs = inputsOf(leaves)
	for (const [name] of entries) {
		if (inputs.has(name)) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`Input and output are both named ${name}; give the output another name.`,
			)
		}
	}

	const unique = uniqueNames([...inputs.keys(), ...Object.keys(outputs)])
	const stored = storedTensors(unique, resolveFile, locate)
	const names = new Map<Value, string>()
	for (const leaf of leaves) {
		names.set(leaf, leaf.source.kind === 'input' ? leaf.source.name : stored.nameOf(leaf))
	}
	const nodeOrigins = new Map<string, string>()
	const used = usedOutputs(order, roots)
	const nodes = order.map((node, index) => {
		const name = `${node.operator}_${index}`
		nodeOrigins.set(name, node.origin)
		const needed = operators.get(node.operator)?.requiredOutputs ?? 1
		node.outputs.forEach((output, position) => {
			if (position < needed || used.has(output)) names.set(output, unique(`${name}_${position}`))
		})
		return nodeMessage(node, name, names)
	})

	const ports = (values: Iterable<[string, Value]>): Port[] =>
		[...values].map(([name, { type, shape }]) => ({ name, type, shape }))
	const inputPorts = ports(inputs)
	const outputPorts = ports(entries)
	const model = create(ModelProtoSchema, {
		irVersion: BigInt(irVersion),
		producerName: 'naptune',
		metadataProps: Object.entries(metadata).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
		opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opsetVersion) })],
		graph: create(GraphProtoSchema, {
			name: 'naptune',
			node: [...nodes, ...entries.map(([name, value]) => outputMessage(entry(names, value), name))],
			initializer: stored.initializers,
			input: inputPorts.map(portMessage),
			output: outputPorts.map(portMessage),
		} satisfies MessageInitShape<typeof GraphProtoSchema>),
	})
	const files = [...stored.files]
	const externalFiles = files.flatMap(([, { file, content }]) => (content ? [] : [file]))
	const directories = new Set(externalFiles.map(folderName))
	return {
		bytes: toBinary(ModelProtoSchema, model),
		inputs: inputPorts,
		outputs: outputPorts,
		externalDirectory: directories.size === 1 ? [...directories][0] : undefined,
		externalFiles,
		externalContents: new Map(files.flatMap(([location, { content }]) => (content ? [[location, content]] : []))),
		nodeOrigins,
	}
}

/** Inputs by name, in order of first use. */
function inputsOf(leaves: readonly Value[]): Map<string, Value> {
	const inputs = new Map<string, Value>()
	for (const leaf of leaves) {
		if (leaf.source.kind !== 'input') continue
		const { name } = leaf.source
		const before = inputs.get(name)
		const describe = (value: Value) => `${value.type} ${describeShape(value.shape)}`
		if (before && describe(before) !== describe(leaf)) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`Two inputs are named ${name}: ${describe(before)} and ${describe(leaf)}. Give them different names.`,
			)
		}
		if (!before) inputs.set(name, leaf)
	}
	return inputs
}

/** Creates names that differ from each other and from `taken`. */
function uniqueNames(taken: Iterable<string>): (name: string) => string {
	const known = new Set(taken)
	return (name) => {
		let result = name
		while (known.has(result)) result = `_${result}`
		known.add(result)
		return result
	}
}

/** Collects initializers, each tensor once. */
function storedTensors(
	unique: (name: string) => string,
	resolveFile: (file: string) => string,
	locate: (file: string) => string,
) {
	const initializers: TensorProto[] = []
	const byKey = new Map<string, string>()
	const storages = new Map<TensorData, number>()
	/** External files by their names in the model. */
	const files = new Map<string, Pick<ExternalReference, 'file' | 'content'>>()
	let inlineBytes = 0

	const once = (key: string, make: () => TensorProto): string => {
		const before = byKey.get(key)
		if (before !== undefined) return before
		const initializer = make()
		initializers.push(initializer)
		byKey.set(key, initializer.name)
		return initializer.name
	}
	/** Small tensors are compared by content, large ones by identity. */
	const contentKey = (data: TensorData): string => {
		if (data.byteLength <= 256) return bytesToHex(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
		if (!storages.has(data)) storages.set(data, storages.size)
		return `storage ${storages.get(data)}`
	}
	const inline = (value: Tensor) =>
		once(['constant', value.type, value.shape, contentKey(value.data)].join('|'), () => {
			inlineBytes += value.data.byteLength
			if (inlineBytes > largestInline) {
				throw new NaptuneError(
					'NAP_GRAPH_INVALID',
					`The constants of this graph need more than ${largestInline} bytes, the limit of one ONNX model. Make large weights external, or feed them as inputs.`,
				)
			}
			return inlineInitializer(unique(`constant_${initializers.length}`), value)
		})
	const nameOf = (leaf: Value): string => {
		const { source } = leaf
		if (source.kind === 'constant') return inline(source.tensor)
		if (source.kind !== 'external') throw new TypeError(`${source.kind} is not a stored tensor`)
		const { reference } = source
		const { content } = reference
		const file = content ? reference.file : resolveFile(reference.file)
		const location = content ? file : locate(file)
		const twin = files.get(location)
		if (twin && (twin.file !== file || twin.content !== content)) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`One graph uses weights of ${twin.file} and of ${file}, which it would both call ${location}; rename or move one of them.`,
			)
		}
		files.set(location, { file, ...defined({ content }) })
		return once(['external', file, reference.offset, leaf.type, leaf.shape].join('|'), () =>
			externalInitializer(unique(`weight_${initializers.length}_${source.name}`), leaf, reference, location),
		)
	}
	return { initializers, files, nameOf }
}

/** Outputs of nodes that are read; unread optional ones are omitted, so that the engine does not compute them. */
function usedOutputs(order: readonly Node[], roots: readonly Value[]): Set<Value> {
	const used = new Set<Value>(roots)
	for (const node of order) for (const input of node.inputs) if (input) used.add(input)
	return used
}
