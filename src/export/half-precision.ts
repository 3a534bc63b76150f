/** Models in half precision: weights and arithmetic of the towers in float16, inputs, outputs and what compares features in float32. */

import { create } from '@bufbuild/protobuf'
import {
	AttributeProto_AttributeType,
	AttributeProtoSchema,
	type ModelProto,
	type NodeProto,
	NodeProtoSchema,
	type TensorProto,
	TensorProto_DataType,
} from 'onnx-buf'
import { at, entry, present } from '../core/at.js'
import { toFloat16, toFloat32 } from '../files/float-formats.js'

const { FLOAT, FLOAT16, INT64, BOOL } = TensorProto_DataType

/** Nodes by the part of the model that they are of: both towers with their prompts and refiners, up to their projections. */
const inTowers = /^(vision_model|text_model|visual_projection|text_projection)/

/** Largest finite float16. A mask's -1e9 becomes the least one, which a softmax takes for the same. */
const largestHalf = 65504

/**
 * A model whose towers compute in float16. Features are normalised and compared in float32: their norm can be large, and a
 * logit of 30 has but three digits in float16.
 * @param model As `modelMessage` makes it; it is not changed.
 */
export function inHalfPrecision(model: ModelProto): ModelProto {
	const graph = present(model.graph, 'graph in the model')
	const types = typesOf(model)
	const producers = new Map<string, boolean>()
	const stored = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]))
	const halves = new Map<string, TensorProto>()
	const casts = new Map<string, NodeProto>()
	const nodes: NodeProto[] = []
	/** The name of a value in the precision that its reader computes in. */
	const inPrecision = (name: string, half: boolean): string => {
		if (name === '' || types.get(name) !== FLOAT) return name
		const tensor = stored.get(name)
		if (tensor && half) {
			const own = `${name}_fp16`
			if (!halves.has(own)) halves.set(own, halfTensor(tensor, own))
			return own
		}
		if (tensor || half === (producers.get(name) ?? false)) return name
		const own = `${name}_${half ? 'fp16' : 'fp32'}`
		if (!casts.has(own)) {
			const cast = castNode(name, own, half)
			casts.set(own, cast)
			nodes.push(cast)
		}
		return own
	}
	for (const node of graph.node) {
		const half = inTowers.test(node.docString)
		nodes.push({
			...node,
			input: node.input.map((name) => inPrecision(name, half)),
			attribute: half && node.opType === 'Cast' ? node.attribute.map(halfTarget) : node.attribute,
		})
		for (const name of node.output) producers.set(name, half)
	}
	const needed = new Set(nodes.flatMap(({ input }) => input))
	const initializer = [...graph.initializer, ...halves.values()].filter(({ name }) => needed.has(name))
	return { ...model, graph: { ...graph, node: nodes, initializer } }
}

/** The same model in float32 with the weights that {@link inHalfPrecision} rounds: what its gradient is taken of. */
export function withRoundedWeights(model: ModelProto): ModelProto {
	const graph = present(model.graph, 'graph in the model')
	const inTower = new Set(graph.node.flatMap(({ docString, input }) => (inTowers.test(docString) ? input : [])))
	const initializer = graph.initializer.map((tensor) => {
		if (tensor.dataType !== FLOAT || !inTower.has(tensor.name)) return tensor
		const { rawData } = halfTensor(tensor, tensor.name)
		return { ...tensor, rawData: bytesOf(toFloat32('F16', rawData)) }
	})
	return { ...model, graph: { ...graph, initializer } }
}

function halfTensor(tensor: TensorProto, name: string): TensorProto {
	const values = toFloat32('F32', tensor.rawData).map((value) => Math.max(-largestHalf, Math.min(largestHalf, value)))
	return { ...tensor, name, dataType: FLOAT16, rawData: bytesOf(toFloat16(values)) }
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer>) {
	return new Uint8Array(buffer, byteOffset, byteLength)
}

function castNode(input: string, output: string, half: boolean): NodeProto {
	return create(NodeProtoSchema, {
		name: `cast_${output}`,
		opType: 'Cast',
		input: [input],
		output: [output],
		attribute: [castTo(half ? FLOAT16 : FLOAT)],
	})
}

function castTo(type: number) {
	return create(AttributeProtoSchema, { name: 'to', type: AttributeProto_AttributeType.INT, i: BigInt(type) })
}

/** The target of a cast in a tower. */
function halfTarget(attribute: NodeProto['attribute'][number]) {
	return attribute.name === 'to' && attribute.i === BigInt(FLOAT) ? castTo(FLOAT16) : attribute
}

const booleans = new Set(['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Not'])

/** Element types of all values. The operators that exports are made of keep the type of an operand, but for a few. */
function typesOf(model: ModelProto): Map<string, number> {
	const { initializer, input, node } = present(model.graph, 'graph in the model')
	const types = new Map<string, number>(initializer.map(({ name, dataType }) => [name, dataType]))
	for (const { name, type } of input) {
		types.set(name, type?.value.case === 'tensorType' ? type.value.value.elemType : FLOAT)
	}
	for (const { opType, input: operands, output, attribute } of node) {
		const kept = () => entry(types, at(operands, opType === 'Where' ? 1 : 0))
		const type =
			opType === 'Cast'
				? Number(
						present(
							attribute.find(({ name }) => name === 'to'),
							'target of a cast',
						).i,
					)
				: opType === 'Shape' || opType === 'ArgMax'
					? INT64
					: booleans.has(opType)
						? BOOL
						: kept()
		for (const name of output) types.set(name, type)
	}
	return types
}
