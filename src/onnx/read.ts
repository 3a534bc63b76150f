/** Reading `.onnx` files into the graph language, so that any model can be differentiated. */

import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { type GraphProto, type ModelProto, ModelProtoSchema } from 'onnx-buf'
import { NaptuneError } from '../errors.js'
import { literal } from './builders.js'
import { emitter } from './emit.js'
import { applyStored, isReadable } from './read-nodes.js'
import { readInput, splitAttributes, symbolNames } from './read-parts.js'
import { readInitializer, storedType, typeName } from './read-tensor.js'
import { symbolicIntegers } from './symbolic-integers.js'
import { tensor } from './tensor.js'
import type { Value } from './value.js'

/** Versions of the standard operator set that are read. */
export const readableOpsets = { least: 13, most: 21 } as const

/** A model in the graph language. */
export interface ReadModel {
	/** What must be fed, in the file's order; initializers are constants or external weights inside. */
	readonly inputs: readonly Value[]
	readonly outputs: Readonly<Record<string, Value>>
	/** Version of the standard operator set the file is written in. */
	readonly opset: number
	/** The tool that wrote the file, as it says. */
	readonly producer: string
	/** Free-form text that the file carries, by key. */
	readonly metadata: Readonly<Record<string, string>>
}

/** Options of {@link readModel}. */
export interface ReadOptions {
	/** Directory of the files that weights are stored in; needed where the model has such weights. */
	readonly directory?: string
}

/**
 * Reads a model. Weights in other files stay there (external values); computations of shapes are folded.
 * @param bytes The content of an `.onnx` file.
 * @throws NaptuneError for anything that is not a complete model, for operator sets outside 13 to 21, for operators and
 * element types that are not supported (all of them at once, with their counts), and for damaged or missing weights.
 */
export function readModel(bytes: Uint8Array, { directory }: ReadOptions = {}): ReadModel {
	const model = parse(bytes)
	const { graph } = model
	if (!graph || graph.output.length === 0) {
		throw new NaptuneError('This is not a complete ONNX model: it has no graph with outputs. Is the file damaged?')
	}
	const opset = opsetOf(model)
	refuseUnsupported(graph)

	const values = new Map<string, Value>()
	const define = (name: string, value: Value, by: string) => {
		if (values.has(name)) throw new NaptuneError(`The model defines ${name} twice, the second time by ${by}.`)
		values.set(name, value)
	}
	for (const stored of graph.initializer) define(stored.name, readInitializer(stored, directory), 'an initializer')
	const symbols = symbolNames()
	const inputs: Value[] = []
	for (const port of graph.input) {
		// Old files list initializers among the inputs, too.
		if (values.has(port.name)) continue
		const value = readInput(port, symbols)
		define(port.name, value, 'an input')
		inputs.push(value)
	}
	const ours = model.producerName === 'naptune'
	graph.node.forEach((node, index) => {
		const name = node.name || `${node.opType}_${index}`
		const results = located(`${name} (${node.opType})`, () => {
			const operands = node.input.map((operand) => {
				if (operand === '') return null
				const value = values.get(operand)
				if (!value) throw new NaptuneError(`it reads ${operand}, which nothing before it produces.`)
				return value
			})
			const emit = emitter(ours ? node.docString : name)
			return applyStored({
				...splitAttributes(node),
				operator: node.opType,
				inputs: operands,
				outputCount: node.output.length,
				opset,
				emit,
			})
		})
		node.output.forEach((output, at) => {
			if (output === '') return
			const result = results[at]
			if (!result) throw new NaptuneError(`Node ${name} (${node.opType}) has no output ${at}.`)
			define(output, folded(result), `node ${name}`)
		})
	})
	const outputs = graph.output.map(({ name }) => {
		const value = values.get(name)
		if (!value) throw new NaptuneError(`The model's output ${name} is produced by no node.`)
		return [name, value] as const
	})
	const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]))
	return { inputs, outputs: Object.fromEntries(outputs), opset, producer: model.producerName, metadata }
}

/**
 * Reads a model file, whose weights may lie in other files of its directory.
 * @throws NaptuneError when it cannot be read, or as {@link readModel}.
 */
export async function readModelFile(path: string): Promise<ReadModel> {
	let bytes: Uint8Array
	try {
		bytes = await readFile(path)
	} catch (cause) {
		throw new NaptuneError(`The model ${path} cannot be read; check the path and its permissions.`, { cause })
	}
	try {
		return readModel(bytes, { directory: dirname(path) })
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		throw new NaptuneError(`${path}: ${error.message}`, { cause: error })
	}
}

function parse(bytes: Uint8Array): ModelProto {
	try {
		return fromBinary(ModelProtoSchema, bytes)
	} catch (cause) {
		throw new NaptuneError('This is not an ONNX model: its protobuf encoding cannot be read. Is the file complete?', {
			cause,
		})
	}
}

const standardDomains = ['', 'ai.onnx']

function opsetOf(model: ModelProto): number {
	const found = model.opsetImport.find(({ domain }) => standardDomains.includes(domain))
	const version = Number(found?.version ?? 0)
	const { least, most } = readableOpsets
	if (version < least || version > most) {
		throw new NaptuneError(
			`The model is written in operator set ${found ? version : 'of no version'}; ${least} to ${most} are supported. Export it again with one of these.`,
		)
	}
	return version
}

/** @throws NaptuneError that lists all operators and element types which are not supported, with their counts. */
function refuseUnsupported(graph: GraphProto): void {
	const counts = new Map<string, number>()
	const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
	for (const { opType, domain } of graph.node) {
		if (!standardDomains.includes(domain)) count(`${domain}.${opType}`)
		else if (!isReadable(opType)) count(opType)
	}
	for (const stored of graph.initializer) if (!storedType(stored)) count(`${typeName(stored.dataType)} initializer`)
	if (graph.sparseInitializer.length > 0) count('sparse initializer')
	if (counts.size > 0) {
		const list = [...counts].sort(([, a], [, b]) => b - a).map(([what, times]) => `${what} (${times})`)
		throw new NaptuneError(`The model uses what is not supported: ${list.join(', ')}.`)
	}
}

/** Small integers that are known already become constants, so that chains of shape computations stay short. */
function folded(value: Value): Value {
	if (value.source.kind !== 'node') return value
	const known = symbolicIntegers(value)
	if (!known?.every((entry) => typeof entry === 'number')) return value
	const shape = value.shape.length === 0 ? [] : [known.length]
	switch (value.type) {
		case 'int64':
			return literal(
				tensor(
					'int64',
					shape,
					BigInt64Array.from(known, (entry) => BigInt(entry)),
				),
			)
		case 'int32':
			return literal(tensor('int32', shape, Int32Array.from(known)))
		case 'bool':
			return literal(tensor('bool', shape, Uint8Array.from(known)))
		default:
			return value
	}
}

function located<T>(node: string, action: () => T): T {
	try {
		return action()
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		throw new NaptuneError(`Node ${node} of the model: ${error.message}`, { cause: error })
	}
}
