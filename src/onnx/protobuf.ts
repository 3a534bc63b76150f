/** Parts of a graph as ONNX's protobuf messages. */

import { create } from '@bufbuild/protobuf'
import {
	AttributeProto_AttributeType,
	AttributeProtoSchema,
	NodeProtoSchema,
	StringStringEntryProtoSchema,
	TensorProto_DataLocation,
	TensorProtoSchema,
	TensorShapeProto_DimensionSchema,
	TensorShapeProtoSchema,
	TypeProto_TensorSchema,
	TypeProtoSchema,
	ValueInfoProtoSchema,
} from 'onnx-buf'
import { entry } from '../core/at.js'
import type { ElementType, Tensor } from '../core/tensor.js'
import { elementTypeNumbers } from './element-types.js'
import type { Attribute, ExternalReference, Node, Shape, Value } from './value.js'

/** Name, type and shape of an input or output of a model. */
export interface Port {
	readonly name: string
	readonly type: ElementType
	readonly shape: Shape
}

/**
 * A node whose operands have the given names, without omitted operands at the end, because ONNX Runtime's layer
 * normalization reads a bias with an empty name as present, and crashes.
 */
export function nodeMessage(node: Node, name: string, names: ReadonlyMap<Value, string>) {
	const input = node.inputs.map((value) => (value ? entry(names, value) : ''))
	while (input.at(-1) === '') input.pop()
	const output = node.outputs.map((value) => names.get(value) ?? '')
	while (output.at(-1) === '') output.pop()
	return create(NodeProtoSchema, {
		name,
		opType: node.operator,
		docString: node.origin,
		input,
		output,
		attribute: Object.entries(node.attributes).map(([key, attribute]) => attributeMessage(key, attribute)),
	})
}

/** A node that gives a value its name as an output. */
export function outputMessage(input: string, output: string) {
	return create(NodeProtoSchema, { name: `output_${output}`, opType: 'Identity', input: [input], output: [output] })
}

function attributeMessage(name: string, attribute: Attribute) {
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

/** A tensor stored in the model. Its bytes are not copied before the model is encoded. */
export function inlineInitializer(name: string, { type, shape, data }: Tensor) {
	return create(TensorProtoSchema, {
		name,
		dataType: elementTypeNumbers[type],
		dims: shape.map(BigInt),
		rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
	})
}

/** A tensor stored in another file. @param location Path of the file in the model. */
export function externalInitializer(name: string, value: Value, reference: ExternalReference, location: string) {
	const item = (key: string, text: string) => create(StringStringEntryProtoSchema, { key, value: text })
	return create(TensorProtoSchema, {
		name,
		dataType: elementTypeNumbers[value.type],
		dims: value.shape.map((dimension) => BigInt(dimension)),
		dataLocation: TensorProto_DataLocation.EXTERNAL,
		externalData: [
			item('location', location),
			item('offset', String(reference.offset)),
			item('length', String(reference.length)),
		],
	})
}

/** The declaration of an input or output. */
export function portMessage({ name, type, shape }: Port) {
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
