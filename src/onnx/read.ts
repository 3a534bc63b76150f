/** Reads `.onnx` files into the graph language, so that any model can be differentiated. */

import { entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { tensor } from '../core/tensor.js'
import { literal } from './builders.js'
import { isFloat } from './element-types.js'
import { emitter } from './emit.js'
import { parseModel, refuseUnsupported } from './parse-model.js'
import { applyStored } from './read-nodes.js'
import { readInput, requireFit, splitAttributes, symbolNames } from './read-parts.js'
import { readInitializer, type WeightsFiles } from './read-tensor.js'
import { knownEntries } from './symbolic-integers.js'
import { originate } from './traverse.js'
import type { Value } from './value.js'

/** A model in the graph language. */
export interface ReadModel {
	/** Inputs that a run must feed, in the file's order; initializers become constants or external weights. */
	readonly inputs: readonly Value[]
	readonly outputs: Readonly<Record<string, Value>>
	/** Version of the standard operator set the file is written in. */
	readonly opset: number
	/** The tool that wrote the file, according to the file. */
	readonly producer: string
}

/** Options of {@link readModel}. */
export interface ReadOptions {
	/** Weight files beside the model; required if the model has any. */
	readonly weights?: WeightsFiles
	/**
	 * Values that replace inputs, by input name, for a model that is part of a larger graph. Symbolic sizes of the file take
	 * the value's sizes. They can also replace the result of a node with one output, by that output's name.
	 */
	readonly inputs?: Readonly<Record<string, Value>>
}

/**
 * Reads a model. Weights in other files stay there (external values); computations of shapes are folded.
 * @param bytes The content of an `.onnx` file.
 * @throws NaptuneError for anything that is not a complete model, for operator sets outside 7 to 21, for unsupported
 * operators and element types (all at once, with counts), for damaged or missing weights, and for values that do not fit the
 * inputs they replace.
 */
export function readModel(bytes: Uint8Array, { weights, inputs: given = {} }: ReadOptions = {}): ReadModel {
	const { model, graph, opset } = parseModel(bytes)
	refuseUnsupported(graph)

	const values = new Map<string, Value>()
	const define = (name: string, value: Value, by: string) => {
		if (values.has(name))
			throw new NaptuneError('NAP_ONNX_INVALID', `The model defines ${name} twice, the second time by ${by}.`)
		values.set(name, value)
	}
	for (const stored of graph.initializer) define(stored.name, readInitializer(stored, weights), 'an initializer')
	const symbols = symbolNames()
	const inputs: Value[] = []
	for (const port of graph.input) {
		// Old files also list initializers as inputs.
		if (values.has(port.name)) continue
		const replaced = Object.hasOwn(given, port.name) ? entry(given, port.name) : undefined
		if (replaced) requireFit(port, replaced)
		const value = replaced ?? readInput(port, symbols)
		define(port.name, value, 'an input')
		if (!replaced) inputs.push(value)
	}
	const ours = model.producerName === 'naptune'
	graph.node.forEach((node, index) => {
		const [only, ...others] = node.output
		if (only !== undefined && others.length === 0 && !values.has(only) && Object.hasOwn(given, only)) {
			define(only, entry(given, only), 'an input')
			return
		}
		const name = node.name || `${node.opType}_${index}`
		const results = located(`${name} (${node.opType})`, () => {
			const operands = node.input.map((operand) => {
				if (operand === '') return null
				const value = values.get(operand)
				if (!value) throw new NaptuneError('NAP_ONNX_INVALID', `it reads ${operand}, which no earlier node produces.`)
				return value
			})
			const origin = ours ? node.docString : name
			const emit = emitter(origin)
			const outputs = applyStored({
				...splitAttributes(node),
				operator: node.opType,
				inputs: operands,
				outputCount: node.output.length,
				opset,
				own: ours,
				emit,
			})
			originate(origin, outputs)
			return outputs
		})
		node.output.forEach((output, position) => {
			if (output === '') return
			const result = results[position]
			if (!result)
				throw new NaptuneError('NAP_ONNX_INVALID', `Node ${name} (${node.opType}) has no output ${position}.`)
			define(output, folded(result), `node ${name}`)
		})
	})
	const outputs = graph.output.map(({ name }) => {
		const value = values.get(name)
		if (!value) throw new NaptuneError('NAP_ONNX_INVALID', `No node produces the model's output ${name}.`)
		return [name, value] as const
	})
	return { inputs, outputs: Object.fromEntries(outputs), opset, producer: model.producerName }
}

/** Turns known small integers into constants, so that chains of shape computations stay short. */
function folded(value: Value): Value {
	if (value.source.kind !== 'node') return value
	if (isFloat(value.type)) return value
	const known = knownEntries(value)
	if (!known?.every((item) => Number.isSafeInteger(item))) return value
	const shape = value.shape as readonly number[]
	switch (value.type) {
		case 'int64':
			return literal(
				tensor(
					'int64',
					shape,
					BigInt64Array.from(known, (item) => BigInt(item)),
				),
			)
		case 'int32':
			return literal(tensor('int32', shape, Int32Array.from(known as readonly number[])))
		case 'bool':
			return literal(tensor('bool', shape, Uint8Array.from(known as readonly number[])))
		default:
			return value
	}
}

function located<T>(node: string, action: () => T): T {
	try {
		return action()
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		throw new NaptuneError(error.code, `Node ${node} of the model: ${error.message}`, { cause: error })
	}
}
