/** The gradient of x · sigmoid(c x): QuickGELU (c = 1.702) and SiLU (c = 1), however they are written. */

import { at } from '../../core/at.js'
import type { GradientCall } from '../operator.js'
import type { Value } from '../value.js'

/**
 * Gradients of a product that is x · sigmoid(c x); `null` for any other product.
 *
 * Node by node, the backward pass makes eight passes over the entries, on the widest tensors of a transformer. With u = c x
 * and s = sigmoid(u), both known from the forward pass, dy · s · (1 + u (1 - s)) makes five. Measured on [800, 3072] with
 * two threads, forward and backward pass of the activation take 12 % less time on a quiet machine, and even less on a busy
 * one.
 */
export function gateGradient(call: GradientCall): readonly (Value | null)[] | null {
	const { inputs, outputGradients, wanted, emit } = call
	for (const index of [0, 1] as const) {
		const x = at(inputs, index)
		const s = at(inputs, 1 - index)
		const u = x === s || call.asked(s) ? null : gateInput(call, x, s)
		if (!u || !wanted[index]) continue
		const one = emit.scalar(1, x.type)
		const slope = emit('Add', [emit('Mul', [u, emit('Sub', [one, s])]), one])
		const dx = emit('Mul', [emit('Mul', [at(outputGradients, 0), s]), slope])
		return index === 0 ? [dx, null] : [null, dx]
	}
	return null
}

/** The input u of s = sigmoid(u) when u is x, or x times a constant scalar. */
function gateInput(call: GradientCall, x: Value, s: Value): Value | null {
	const u = s.source.kind === 'node' && s.source.node.operator === 'Sigmoid' ? at(s.source.node.inputs, 0) : null
	if (u === null || u === x) return u
	if (call.asked(u) || u.source.kind !== 'node' || u.source.node.operator !== 'Mul') return null
	const factors = u.source.node.inputs
	const factor = factors[0] === x ? at(factors, 1) : factors[1] === x ? at(factors, 0) : null
	const scalar = factor?.source.kind === 'constant' && factor.shape.length === 0
	return factor && scalar && !call.asked(factor) ? u : null
}
