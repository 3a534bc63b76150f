/** Reverse-mode differentiation: appends the nodes that compute the requested gradients, and no others. */

import { NaptuneError } from '../core/errors.js'
import { describeShape, sameShape } from './dimensions.js'
import { isFloat } from './element-types.js'
import { emitter, scalar } from './emit.js'
import { expandTo } from './operators/broadcasting.js'
import { operators } from './operators/index.js'
import { leavesOf, nodesInOrder } from './traverse.js'
import type { Node, Value } from './value.js'

/** Options of {@link grad}. */
export interface GradOptions {
	/**
	 * Gradient of the final quantity with respect to `loss`, of its shape. Default ones: for a per-sample loss [B]
	 * this differentiates the sum over the batch, whose rows are independent.
	 */
	readonly seed?: Value
}

/**
 * Gradients of `loss` (a scalar or per-sample losses) with respect to each of `values`.
 * @param loss Any float value; with the default seed, its sum is differentiated.
 * @param values Inputs, constants, external weights or intermediate values of the graph of `loss`.
 * @returns One value per entry of `values`, of its shape; zeros where `loss` does not depend on it.
 * @throws NaptuneError naming operator and node when a rule is missing, or when types or shapes do not fit.
 */
export function grad(loss: Value, values: readonly Value[], options: GradOptions = {}): Value[] {
	for (const value of [loss, ...values]) {
		if (!isFloat(value.type)) {
			throw new NaptuneError(
				'NAP_GRADIENT_UNSUPPORTED',
				`Only float32 and float64 values have gradients; got ${value.type} ${describeShape(value.shape)}.`,
			)
		}
	}
	const seed = options.seed ?? filled(loss, 1, 'seed of the gradient')
	if (!sameShape(seed.shape, loss.shape) || seed.type !== loss.type) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`The seed of a gradient must have the loss's type and shape ${loss.type} ${describeShape(loss.shape)}; got ${seed.type} ${describeShape(seed.shape)}.`,
		)
	}
	const order = nodesInOrder([loss])
	const asked = new Set(values)
	refuseTwins(leavesOf([loss]), asked)
	const active = activeValues(order, asked)
	const gradients = new Map<Value, Value>()
	if (active.has(loss)) gradients.set(loss, seed)

	for (const node of order.reverse()) {
		if (!node.inputs.some((input) => input && active.has(input))) continue
		const outputGradients = node.outputs.map((output) => gradients.get(output) ?? null)
		if (outputGradients.every((gradient) => gradient === null)) continue
		const inputGradients = differentiate(node, outputGradients, active, asked)
		node.inputs.forEach((input, index) => {
			const gradient = inputGradients[index]
			if (!input || !gradient || !active.has(input)) return
			if (!sameShape(gradient.shape, input.shape) || gradient.type !== input.type) {
				throw new NaptuneError(
					'NAP_INTERNAL',
					`The gradient rule of ${node.operator} (node ${node.origin || 'without origin'}) returned ${gradient.type} ${describeShape(gradient.shape)} for input ${index}, which is ${input.type} ${describeShape(input.shape)}.`,
				)
			}
			const before = gradients.get(input)
			gradients.set(input, before ? emitter(`${node.origin} (gradient sum)`)('Add', [before, gradient]) : gradient)
		})
	}
	return values.map((value) => gradients.get(value) ?? filled(value, 0, 'gradient of an independent value'))
}

/** Values that depend on one of `asked`; only these need gradients along the way. */
function activeValues(order: readonly Node[], asked: ReadonlySet<Value>): Set<Value> {
	const active = new Set(asked)
	for (const node of order) {
		if (operators.get(node.operator)?.gradient === 'none') continue
		if (node.inputs.some((input) => input && active.has(input))) {
			for (const output of node.outputs) if (isFloat(output.type)) active.add(output)
		}
	}
	return active
}

/**
 * One input, or one slice of a weights file, can be two values in a graph; the gradient to one would miss the other.
 * @throws NaptuneError if this affects a value whose gradient was requested.
 */
function refuseTwins(leaves: readonly Value[], asked: ReadonlySet<Value>): void {
	const byIdentity = new Map<string, Value>()
	for (const leaf of [...leaves.filter((value) => asked.has(value)), ...leaves]) {
		const { source } = leaf
		let identity: string
		if (source.kind === 'input') identity = `input ${source.name}`
		else if (source.kind === 'external') identity = `weight at ${source.reference.file}, ${source.reference.offset}`
		else continue
		const twin = byIdentity.get(identity)
		if (twin === undefined) byIdentity.set(identity, leaf)
		else if (twin !== leaf && asked.has(twin)) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`The graph has two values for ${identity}; the gradient to one would miss the other. Make the value once and use it everywhere.`,
			)
		}
	}
}

function differentiate(
	node: Node,
	outputGradients: readonly (Value | null)[],
	active: ReadonlySet<Value>,
	asked: ReadonlySet<Value>,
): readonly (Value | null)[] {
	const rule = operators.get(node.operator)?.gradient
	if (rule === undefined) {
		throw new NaptuneError(
			'NAP_GRADIENT_UNSUPPORTED',
			`No gradient rule for operator ${node.operator} (node ${node.origin || 'without origin'}); register one in src/onnx/operators.`,
		)
	}
	if (rule === 'none') return []
	return rule({
		node,
		inputs: node.inputs,
		attributes: node.attributes,
		outputs: node.outputs,
		outputGradients,
		wanted: node.inputs.map((input) => input !== null && active.has(input)),
		asked: (value) => asked.has(value),
		emit: emitter(`gradient of ${node.origin || node.operator}`),
	})
}

/** A value of the shape of `like`, all entries equal. */
function filled(like: Value, value: number, origin: string): Value {
	return expandTo(emitter(origin), scalar(value, like.type), like)
}
