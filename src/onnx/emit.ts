/** Applies registered operators; the only place that creates nodes. */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { type ElementType, type Tensor, tensor } from '../core/tensor.js'
import type { Call, Emit } from './operator.js'
import { operators } from './operators/index.js'
import type { Attributes, Node, Value } from './value.js'

/** A constant value. Large weights belong in `external` values, which are never copied. */
export function constant(value: Tensor): Value {
	return { type: value.type, shape: value.shape, source: { kind: 'constant', tensor: value } }
}

/**
 * A scalar constant of the given element type.
 * @throws NaptuneError when an integer type is given a fraction.
 */
export function scalar(value: number, type: ElementType): Value {
	if (type === 'int64' || type === 'int32') requireWhole([value])
	switch (type) {
		case 'float32':
			return constant(tensor(type, [], Float32Array.of(value)))
		case 'float64':
			return constant(tensor(type, [], Float64Array.of(value)))
		case 'int64':
			return constant(tensor(type, [], BigInt64Array.of(BigInt(value))))
		case 'int32':
			return constant(tensor(type, [], Int32Array.of(value)))
		case 'bool':
			return constant(tensor(type, [], Uint8Array.of(value ? 1 : 0)))
	}
}

/**
 * A constant vector of int64.
 * @throws NaptuneError for anything but whole numbers of at most 2^53.
 */
export function integers(values: readonly number[]): Value {
	requireWhole(values)
	return constant(tensor('int64', [values.length], BigInt64Array.from(values, BigInt)))
}

function requireWhole(values: readonly number[]): void {
	const bad = values.find((value) => !Number.isInteger(value) || Math.abs(value) > 2 ** 53)
	if (bad !== undefined) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`Axes, sizes, bounds and integer constants must be whole numbers of at most 2^53; got ${bad}.`,
		)
	}
}

/**
 * An emitter whose nodes carry the given origin, which engine errors will name.
 * @throws NaptuneError for an operator that is not registered, attributes it does not know, or inputs its shape rule
 * refuses.
 */
export function emitter(origin: string): Emit {
	const all = (operator: string, inputs: readonly (Value | null)[], attributes: Attributes = {}): readonly Value[] => {
		const definition = operators.get(operator)
		if (!definition) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`Operator ${operator} is not registered; known: ${[...operators.keys()].join(', ')}.`,
			)
		}
		for (const [name, { kind }] of Object.entries(attributes)) {
			if (!Object.hasOwn(definition.attributes ?? {}, name) || definition.attributes?.[name] !== kind) {
				const known = Object.entries(definition.attributes ?? {}).map(([key, type]) => `${key} (${type})`)
				throw new NaptuneError(
					'NAP_GRAPH_INVALID',
					`Operator ${operator} was given attribute ${name} (${kind}); it takes ${known.join(', ') || 'no attributes'}.`,
				)
			}
		}
		const call: Call = { operator, inputs, attributes }
		const outputs: Value[] = []
		const node: Node = { operator, inputs, attributes, outputs, origin }
		for (const { type, shape } of definition.infer(call)) {
			outputs.push({ type, shape, source: { kind: 'node', node, output: outputs.length } })
		}
		return outputs
	}
	const emit = (operator: string, inputs: readonly (Value | null)[], attributes?: Attributes): Value =>
		at(all(operator, inputs, attributes), 0)
	return Object.assign(emit, { all, scalar, integers })
}
