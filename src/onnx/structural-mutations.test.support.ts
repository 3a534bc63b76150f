/** Changes to the structure of an ONNX file; each yields well-formed protobuf that may no longer be a model. */

import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { type AttributeProto, type GraphProto, type ModelProto, ModelProtoSchema, type NodeProto } from 'onnx-buf'
import { at } from '../core/at.js'
import type { Generator } from '../random/generator.js'

type Change = (graph: GraphProto, draw: Generator, model: ModelProto) => void

const integers = [0n, 1n, -1n, 2n, 3n, 7n, 64n, 1000n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 40n, 2n ** 62n, -(2n ** 63n)]

/** One of a list that is not empty. */
function pick<T>(draw: Generator, list: ArrayLike<T>): T {
	return at(list, draw.below(list.length))
}

function node(graph: GraphProto, draw: Generator): NodeProto {
	return pick(draw, graph.node)
}

/** Names of all values, and some that do not exist. */
function anyName(graph: GraphProto, draw: Generator): string {
	const names = [...graph.input, ...graph.output, ...graph.initializer].map(({ name }) => name)
	return pick(draw, [...names, ...graph.node.flatMap(({ output }) => output), 'nowhere', ''])
}

function attribute(graph: GraphProto, draw: Generator): AttributeProto | undefined {
	const all = graph.node.flatMap((one) => one.attribute)
	return all.length === 0 ? undefined : pick(draw, all)
}

/** All changes, by name. */
export const structuralChanges: Readonly<Record<string, Change>> = {
	removeNode: ({ node: nodes }, draw) => void nodes.splice(draw.below(nodes.length), 1),
	doubleNode: (graph, draw) => void graph.node.push(structuredClone(node(graph, draw))),
	moveNode: ({ node: nodes }, draw) => {
		const [moved] = nodes.splice(draw.below(nodes.length), 1)
		if (moved) nodes.splice(draw.below(nodes.length + 1), 0, moved)
	},
	changeOperator: (graph, draw) => {
		node(graph, draw).opType = pick(draw, [
			...graph.node.map(({ opType }) => opType),
			'Loop',
			'If',
			'Scan',
			'Nothing',
			'',
		])
	},
	changeDomain: (graph, draw) => {
		node(graph, draw).domain = pick(draw, ['com.microsoft', 'ai.onnx.ml', 'nowhere'])
	},
	changeInput: (graph, draw) => {
		const { input } = node(graph, draw)
		input[draw.below(input.length + 1)] = anyName(graph, draw)
	},
	dropInput: (graph, draw) => {
		const { input } = node(graph, draw)
		input.splice(draw.below(Math.max(1, input.length)), 1)
	},
	ownInput: (graph, draw) => {
		const { input, output } = node(graph, draw)
		input[0] = output[0] ?? ''
	},
	changeOutput: (graph, draw) => {
		node(graph, draw).output[0] = anyName(graph, draw)
	},
	dropOutputs: (graph, draw) => {
		node(graph, draw).output = []
	},
	addOutputs: (graph, draw) => {
		node(graph, draw).output.push('more', 'and more')
	},
	dropAttribute: (graph, draw) => {
		const { attribute: own } = node(graph, draw)
		own.splice(0, 1)
	},
	changeAttributeNumber: (graph, draw) => {
		const one = attribute(graph, draw)
		if (!one) return
		one.i = pick(draw, integers)
		one.f = pick(draw, [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e30, -1e-30])
		if (one.ints.length > 0) one.ints[draw.below(one.ints.length)] = pick(draw, integers)
	},
	changeAttributeLength: (graph, draw) => {
		const one = attribute(graph, draw)
		if (!one) return
		if (draw.below(2) === 0) one.ints.push(pick(draw, integers))
		else one.ints.splice(0, 1)
	},
	changeAttributeKind: (graph, draw) => {
		const one = attribute(graph, draw)
		if (one) one.type = draw.below(16)
	},
	changeAttributeName: (graph, draw) => {
		const one = attribute(graph, draw)
		if (one) one.name = pick(draw, ['axis', 'axes', 'perm', 'nothing', ''])
	},
	changeSizes: ({ initializer }, draw) => {
		if (initializer.length === 0) return
		const { dims } = pick(draw, initializer)
		if (dims.length === 0 || draw.below(3) === 0) dims.push(pick(draw, integers))
		else dims[draw.below(dims.length)] = pick(draw, integers)
	},
	changeType: ({ initializer }, draw) => {
		if (initializer.length > 0) pick(draw, initializer).dataType = draw.below(24)
	},
	cutData: ({ initializer }, draw) => {
		if (initializer.length === 0) return
		const tensor = pick(draw, initializer)
		tensor.rawData = tensor.rawData.slice(0, draw.below(tensor.rawData.length + 1))
		tensor.floatData.splice(0, 1)
		tensor.int64Data.splice(0, 1)
	},
	dropInitializer: ({ initializer }, draw) => void initializer.splice(draw.below(Math.max(1, initializer.length)), 1),
	renameInitializer: (graph, draw) => {
		if (graph.initializer.length > 0) pick(draw, graph.initializer).name = anyName(graph, draw)
	},
	makeExternal: ({ initializer }, draw) => {
		if (initializer.length === 0) return
		const tensor = pick(draw, initializer)
		tensor.dataLocation = 1
		const location = pick(draw, ['/etc/passwd', '../x', 'missing.bin', '', 'a\0b'])
		tensor.externalData = Object.entries({ location, offset: '0', length: '-4' }).map(([key, value]) => ({
			$typeName: 'onnx.StringStringEntryProto',
			key,
			value,
		}))
	},
	dropGraphInput: ({ input }) => void input.splice(0, 1),
	dropGraphOutput: ({ output }) => void output.splice(0, 1),
	renameGraphOutput: (graph, draw) => {
		if (graph.output[0]) graph.output[0].name = anyName(graph, draw)
	},
	changeInputType: ({ input }, draw) => {
		const type = input[0]?.type?.value
		if (type?.case === 'tensorType') type.value.elemType = draw.below(24)
	},
	changeInputShape: ({ input }, draw) => {
		const type = input[0]?.type?.value
		const dim = type?.case === 'tensorType' ? type.value.shape?.dim : undefined
		if (!dim) return
		if (dim.length === 0 || draw.below(3) === 0) dim.splice(0, 1)
		else pick(draw, dim).value = { case: 'dimValue', value: pick(draw, integers) }
	},
	changeOpset: (_, draw, { opsetImport }) => {
		if (opsetImport[0]) opsetImport[0].version = pick(draw, [...integers, 8n, 11n, 13n, 18n, 21n, 30n])
	},
	dropOpset: (_graph, _draw, model) => {
		model.opsetImport = []
	},
	changeVersion: (_, draw, model) => {
		model.irVersion = pick(draw, integers)
	},
}

/**
 * A file with some changes of its structure.
 * @param changes Number of changes.
 */
export function structurallyChanged(bytes: Uint8Array, draw: Generator, changes: number): Uint8Array {
	const model = fromBinary(ModelProtoSchema, bytes)
	const names = Object.keys(structuralChanges)
	for (let done = 0; done < changes; done++) {
		if (!model.graph || model.graph.node.length === 0) break
		structuralChanges[pick(draw, names)]?.(model.graph, draw, model)
	}
	return toBinary(ModelProtoSchema, model)
}
