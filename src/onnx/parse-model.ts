/** Parses ONNX files: what they declare, and what of it is unsupported. */

import { fromBinary } from '@bufbuild/protobuf'
import { type GraphProto, type ModelProto, ModelProtoSchema } from 'onnx-buf'
import { NaptuneError } from '../core/errors.js'
import { isReadable } from './read-nodes.js'
import { storedType, typeName } from './read-tensor.js'

/** Readable versions of the standard operator set. */
export const readableOpsets = { least: 7, most: 21 } as const

/** A complete model. */
export interface ParsedModel {
	readonly model: ModelProto
	readonly graph: GraphProto
	readonly opset: number
}

/** An input or output as a file declares it. */
export interface DeclaredPort {
	readonly name: string
	/** Element type in ONNX's words, such as `float`; `undefined` if it is not a tensor. */
	readonly type: string | undefined
	/** Sizes; symbolic ones appear by name, or as `?` without one. `undefined` if none are declared. */
	readonly shape: readonly (number | string)[] | undefined
	/** Operators that read it first; none for an output. */
	readonly readBy: readonly string[]
}

/** The declarations of a file. */
export interface ModelDescription {
	/** Inputs that a run must feed. */
	readonly inputs: readonly DeclaredPort[]
	readonly outputs: readonly DeclaredPort[]
	readonly opset: number
	readonly producer: string
	/** Metadata from exporters, such as class names. */
	readonly metadata: Readonly<Record<string, string>>
}

/**
 * Parses a model.
 * @throws NaptuneError for anything that is not a complete model of a readable operator set.
 */
export function parseModel(bytes: Uint8Array): ParsedModel {
	const model = decode(bytes)
	const { graph } = model
	if (!graph || graph.output.length === 0) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			'This is not a complete ONNX model: it has no graph with outputs. Is the file damaged?',
		)
	}
	return { model, graph, opset: opsetOf(model) }
}

/** Describes a model. @throws NaptuneError as {@link parseModel} does. */
export function describeModel(bytes: Uint8Array): ModelDescription {
	const { model, graph, opset } = parseModel(bytes)
	const stored = new Set(graph.initializer.map(({ name }) => name))
	return {
		inputs: graph.input
			.filter(({ name }) => !stored.has(name))
			.map((port) => declared(port, readers(graph, port.name))),
		outputs: graph.output.map((port) => declared(port, [])),
		opset,
		producer: model.producerName,
		metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
	}
}

/** Operators of the nodes that read a value, looking past those that only rearrange it. */
function readers(graph: GraphProto, name: string): string[] {
	const names = new Set([name])
	const found = new Set<string>()
	for (const { opType, input, output } of graph.node) {
		if (!input.some((operand) => names.has(operand))) continue
		if (['Identity', 'Cast', 'Transpose'].includes(opType)) for (const result of output) names.add(result)
		else if (opType !== 'Shape') found.add(opType)
	}
	return [...found]
}

function declared({ name, type }: GraphProto['input'][number], readBy: readonly string[]): DeclaredPort {
	if (type?.value.case !== 'tensorType') return { name, type: undefined, shape: undefined, readBy }
	const { elemType, shape } = type.value.value
	return {
		name,
		readBy,
		type: typeName(elemType),
		shape: shape?.dim.map(({ value }) => {
			if (value.case === 'dimValue') return Number(value.value)
			return value.case === 'dimParam' && value.value !== '' ? value.value : '?'
		}),
	}
}

function decode(bytes: Uint8Array): ModelProto {
	try {
		return fromBinary(ModelProtoSchema, bytes)
	} catch (cause) {
		throw new NaptuneError(
			'NAP_ONNX_INVALID',
			'This is not an ONNX model: its protobuf encoding cannot be read. Is the file complete?',
			{
				cause,
			},
		)
	}
}

const standardDomains = ['', 'ai.onnx']

function opsetOf(model: ModelProto): number {
	const found = model.opsetImport.find(({ domain }) => standardDomains.includes(domain))
	const version = Number(found?.version ?? 0)
	const { least, most } = readableOpsets
	if (version < least || version > most) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`The model is written in operator set ${found ? version : 'of no version'}; ${least} to ${most} are supported. Export it again with one of these.`,
		)
	}
	return version
}

/** @throws NaptuneError listing all unsupported operators and element types with their counts. */
export function refuseUnsupported(graph: GraphProto): void {
	const counts = new Map<string, number>()
	const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
	for (const { opType, domain } of graph.node) {
		if (!standardDomains.includes(domain)) count(`${domain}.${opType}`)
		else if (!isReadable(opType)) count(opType)
	}
	for (const stored of graph.initializer) if (!storedType(stored)) count(`${typeName(stored.dataType)} initializer`)
	if (graph.sparseInitializer.length > 0) count('sparse initializer')
	if (counts.size === 0) return
	const list = [...counts].sort(([, a], [, b]) => b - a).map(([what, times]) => `${what} (${times})`)
	throw new NaptuneError(
		'NAP_ONNX_UNSUPPORTED',
		`The model uses unsupported features: ${list.join(', ')}.${advice([...counts.keys()])}`,
	)
}

/** Advice for an unsupported kind of model. */
function advice(unsupported: readonly string[]): string {
	const has = (pattern: RegExp) => unsupported.some((what) => pattern.test(what))
	if (has(/Quantize|QLinear|Integer|QAttention|QGemm|NBits|^u?int8 init|^u?int4 init/)) {
		return ' It is quantised, so its gradient is zero almost everywhere. Attack its float32 original, and try the resulting images on this model.'
	}
	if (has(/float16/)) return ' It is in half precision. Export it in float32.'
	if (has(/^com\.microsoft\./)) {
		return ' Optimisers for one runtime add operators of com.microsoft. Use the file from before that step.'
	}
	return ''
}
