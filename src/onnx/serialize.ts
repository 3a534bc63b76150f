/** Writing a graph as an ONNX model. Large weights stay where they are: initializers by reference (external data). */

import { basename, dirname } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import {
	AttributeProto_AttributeType,
	AttributeProtoSchema,
	GraphProtoSchema,
	ModelProtoSchema,
	NodeProtoSchema,
	OperatorSetIdProtoSchema,
	StringStringEntryProtoSchema,
	TensorProto_DataLocation,
	TensorProtoSchema,
	TensorShapeProto_DimensionSchema,
	TensorShapeProtoSchema,
	TypeProto_TensorSchema,
	TypeProtoSchema,
	ValueInfoProtoSchema,
} from 'onnx-buf'
import { NaptuneError } from '../errors.js'
import { describeShape } from './dimensions.js'
import { elementTypeNumbers } from './operators/comparison.js'
import type { ElementType, Tensor } from './tensor.js'
import { leavesOf, nodesInOrder } from './traverse.js'
import type { Attribute, ExternalReference, Node, Shape, Value } from './value.js'

/** Version of the standard operator set that graphs are written in. */
export const opsetVersion = 20
/** Version of the ONNX file format. */
export const irVersion = 9

/** Name, type and shape of an input or output of a model. */
export interface Port {
	readonly name: string
	readonly type: ElementType
	readonly shape: Shape
}

/** A serialised graph. */
export interface SerializedModel {
	/** The `.onnx` file's content. */
	readonly bytes: Uint8Array
	readonly inputs: readonly Port[]
	readonly outputs: readonly Port[]
	/** The one directory in which all external files lie; undefined where there are none. */
	readonly externalDirectory: string | undefined
	/** Paths of all external files. */
	readonly externalFiles: readonly string[]
	/** Origin of each node by its name in the model, for errors of the engine. */
	readonly nodeOrigins: ReadonlyMap<string, string>
}

/** Options of {@link serializeModel}. */
export interface SerializeOptions {
	/** Maps the path of an external file to its real path (symlinks resolved). Identity by default. */
	readonly resolveFile?: (file: string) => string
}

/**
 * Serialises the graph that computes the named outputs.
 * @throws NaptuneError when inputs of one name differ, or external weights lie in several directories.
 */
export function serializeModel(
	outputs: Readonly<Record<string, Value>>,
	{ resolveFile = (file) => file }: SerializeOptions = {},
): SerializedModel {
	const roots = Object.values(outputs)
	const order = nodesInOrder(roots)
	const leaves = leavesOf(roots)
	const used = usedOutputs(order, roots)

	const names = new Map<Value, string>()
	const inputs = new Map<string, Value>()
	const initializers: ReturnType<typeof inlineInitializer>[] = []
	const externals = new Map<string, string>()
	const externalFiles = new Set<string>()
	for (const leaf of leaves) {
		const { source } = leaf
		if (source.kind === 'input') {
			const before = inputs.get(source.name)
			if (
				before &&
				before !== leaf &&
				(before.type !== leaf.type || describeShape(before.shape) !== describeShape(leaf.shape))
			) {
				throw new NaptuneError(
					`Two inputs are named ${source.name}: ${before.type} ${describeShape(before.shape)} and ${leaf.type} ${describeShape(leaf.shape)}. Give them different names.`,
				)
			}
			inputs.set(source.name, leaf)
			names.set(leaf, source.name)
		} else if (source.kind === 'constant') {
			const name = `constant_${initializers.length}`
			names.set(leaf, name)
			initializers.push(inlineInitializer(name, source.tensor))
		} else if (source.kind === 'external') {
			const file = resolveFile(source.reference.file)
			const key = [file, source.reference.offset, leaf.type, describeShape(leaf.shape)].join('|')
			const name = externals.get(key) ?? `weight_${externals.size}_${source.name}`
			if (!externals.has(key)) {
				externals.set(key, name)
				externalFiles.add(file)
				initializers.push(externalInitializer(name, leaf, { ...source.reference, file }))
			}
			names.set(leaf, name)
		}
	}
	const directories = new Set([...externalFiles].map((file) => dirname(file)))
	if (directories.size > 1) {
		throw new NaptuneError(
			`A program can read weights from one directory only, these lie in ${directories.size}: ${[...directories].join(', ')}. Put the files side by side.`,
		)
	}

	const nodeOrigins = new Map<string, string>()
	const nodes = order.map((node, index) => {
		const name = `${node.operator}_${index}`
		nodeOrigins.set(name, node.origin)
		node.outputs.forEach((output, at) => {
			if (used.has(output)) names.set(output, `${name}_${at}`)
		})
		return nodeProto(node, name, names)
	})
	const outputNodes = Object.entries(outputs).map(([name, value]) => {
		if (inputs.has(name)) {
			throw new NaptuneError(`Input and output are both named ${name}; give the output another name.`)
		}
		return create(NodeProtoSchema, {
			name: `output_${name}`,
			opType: 'Identity',
			input: [names.get(value)!],
			output: [name],
		})
	})

	const ports = (entries: Iterable<[string, Value]>): Port[] =>
		[...entries].map(([name, { type, shape }]) => ({ name, type, shape }))
	const inputPorts = ports(inputs)
	const outputPorts = ports(Object.entries(outputs))
	const model = create(ModelProtoSchema, {
		irVersion: BigInt(irVersion),
		producerName: 'naptune',
		opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opsetVersion) })],
		graph: create(GraphProtoSchema, {
			name: 'naptune',
			node: [...nodes, ...outputNodes],
			initializer: initializers,
			input: inputPorts.map(valueInfo),
			output: outputPorts.map(valueInfo),
		}),
	})
	return {
		bytes: toBinary(ModelProtoSchema, model),
		inputs: inputPorts,
		outputs: outputPorts,
		externalDirectory: [...directories][0],
		externalFiles: [...externalFiles],
		nodeOrigins,
	}
}

/** Outputs of nodes that something reads; the others are left out, so that the engine does not compute them. */
function usedOutputs(order: readonly Node[], roots: readonly Value[]): Set<Value> {
	const used = new Set<Value>(roots)
	for (const node of order) for (const input of node.inputs) if (input) used.add(input)
	return used
}

function nodeProto(node: Node, name: string, names: ReadonlyMap<Value, string>) {
	const output = node.outputs.map((value) => names.get(value) ?? '')
	while (output.length > 1 && output.at(-1) === '') output.pop()
	return create(NodeProtoSchema, {
		name,
		opType: node.operator,
		docString: node.origin,
		input: node.inputs.map((value) => (value ? names.get(value)! : '')),
		output,
		attribute: Object.entries(node.attributes).map(([key, attribute]) => attributeProto(key, attribute)),
	})
}

function attributeProto(name: string, attribute: Attribute) {
	switch (attribute.kind) {
		case 'int':
			return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(attribute.value) })
		case 'float':
			return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: attribute.value })
		case 'string':
			return create(AttributeProtoSchema, {
				name,
				type: AttributeProto_AttributeType.STRING,
				s: new TextEncoder().encode(attribute.value),
			})
		case 'ints':
			return create(AttributeProtoSchema, {
				name,
				type: AttributeProto_AttributeType.INTS,
				ints: attribute.value.map(BigInt),
			})
	}
}

function inlineInitializer(name: string, { type, shape, data }: Tensor) {
	return create(TensorProtoSchema, {
		name,
		dataType: elementTypeNumbers[type],
		dims: shape.map(BigInt),
		rawData: Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
	})
}

function externalInitializer(name: string, value: Value, reference: ExternalReference) {
	const entry = (key: string, text: string) => create(StringStringEntryProtoSchema, { key, value: text })
	return create(TensorProtoSchema, {
		name,
		dataType: elementTypeNumbers[value.type],
		dims: value.shape.map((dimension) => BigInt(dimension)),
		dataLocation: TensorProto_DataLocation.EXTERNAL,
		externalData: [
			entry('location', basename(reference.file)),
			entry('offset', String(reference.offset)),
			entry('length', String(reference.length)),
		],
	})
}

function valueInfo({ name, type, shape }: Port) {
	return create(ValueInfoProtoSchema, {
		name,
		type: create(TypeProtoSchema, {
			value: {
				case: 'tensorType',
				value: create(TypeProto_TensorSchema, {
					elemType: elementTypeNumbers[type],
					shape: create(TensorShapeProtoSchema, {
						dim: shape.map((dimension) =>
							create(TensorShapeProto_DimensionSchema, {
								value:
									typeof dimension === 'number'
										? { case: 'dimValue', value: BigInt(dimension) }
										: { case: 'dimParam', value: dimension },
							}),
						),
					}),
				}),
			},
		}),
	})
}
