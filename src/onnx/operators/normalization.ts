/** Layer normalization over the last axis. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { describeShape, normalizeAxis, staticDimension } from '../dimensions.js'
import { elementTypeNumbers } from '../element-types.js'
import {
	type Emit,
	floatAttribute,
	type GradientCall,
	int,
	intAttribute,
	type Operator,
	required,
	requireFloat,
	requireSameType,
} from '../operator.js'
import type { Value } from '../value.js'
import { expandTo, sumToShape } from './broadcasting.js'

const layerNormalization: Operator = {
	name: 'LayerNormalization',
	doc: '(x - mean) / sqrt(variance + epsilon) · scale + bias over the last axis; also returns mean and 1 / sqrt(variance + epsilon).',
	attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
	infer: (call) => {
		const x = required(call, 0)
		requireFloat(call, x)
		requireSameType(call, x, required(call, 1))
		if (intAttribute(call, 'stash_type', 1) !== 1) {
			throw new NaptuneError(
				'NAP_ONNX_UNSUPPORTED',
				'LayerNormalization is only supported with float32 statistics (stash_type 1).',
			)
		}
		const axis = normalizeAxis(intAttribute(call, 'axis', -1), x.shape.length, 'LayerNormalization')
		const final = x.shape.length - 1
		if (axis !== final) {
			throw new NaptuneError(
				'NAP_ONNX_UNSUPPORTED',
				`LayerNormalization is only supported over the last axis; got axis ${axis} of ${describeShape(x.shape)}.`,
			)
		}
		for (const parameter of call.inputs.slice(1)) {
			if (!parameter) continue
			requireSameType(call, x, parameter)
			if (parameter.shape.length !== 1 || parameter.shape[0] !== x.shape[final]) {
				throw new NaptuneError(
					'NAP_GRAPH_INVALID',
					`LayerNormalization of ${describeShape(x.shape)} needs scale and bias of shape [${x.shape[final]}], got ${describeShape(parameter.shape)}.`,
				)
			}
		}
		const statistics = { type: 'float32', shape: [...x.shape.slice(0, final), 1] } as const
		return [{ type: x.type, shape: x.shape }, statistics, statistics]
	},
	gradient: (call) => {
		const { inputs, outputGradients, wanted, emit } = call
		const x = at(inputs, 0)
		const scale = at(inputs, 1)
		const { centred, inverse } = statistics(call)
		const [dy, ...dStatistics] = outputGradients
		const [dMean, dInverse] = dStatistics.map((value) => value && sameType(emit, value, x))
		const mean = (value: Value) => emit('ReduceMean', [value, emit.integers([-1])], { keepdims: int(1) })

		let dx: Value | null = null
		const add = (term: Value) => {
			dx = dx ? emit('Add', [dx, term]) : term
		}
		if (wanted[0]) {
			if (dy) {
				// Keep factors of whole rows apart from the input's entries, since each pass over all entries costs time.
				const dNormalized = emit('Mul', [dy, scale])
				const along = emit('Mul', [mean(emit('Mul', [dNormalized, centred])), emit('Mul', [inverse, inverse])])
				const orthogonal = emit('Sub', [emit('Sub', [dNormalized, mean(dNormalized)]), emit('Mul', [centred, along])])
				add(emit('Mul', [orthogonal, inverse]))
			}
			// The statistics are separate outputs; they receive gradients only in second-order graphs.
			const width = emit.scalar(staticDimension(x.shape, x.shape.length - 1, 'LayerNormalization'), x.type)
			if (dMean) add(expandTo(emit, emit('Div', [dMean, width]), x))
			if (dInverse) {
				const cube = emit('Mul', [inverse, emit('Mul', [inverse, inverse])])
				const slope = emit('Div', [emit('Mul', [dInverse, cube]), width])
				add(emit('Neg', [emit('Mul', [slope, centred])]))
			}
		}
		return [
			dx,
			wanted[1] && dy ? sumToShape(emit, emit('Mul', [dy, emit('Mul', [centred, inverse])]), scale) : null,
			wanted[2] && dy && inputs[2] ? sumToShape(emit, dy, inputs[2]) : null,
		]
	},
}

/** Converts gradients of the statistics, which are always float32, to the input's type. */
function sameType(emit: Emit, value: Value, like: Value): Value {
	return value.type === like.type ? value : emit('Cast', [value], { to: int(elementTypeNumbers[like.type]) })
}

/**
 * The input minus its mean, and 1 / standard deviation. The float32 path reuses the operator's own outputs; they stay
 * float32 even for double inputs, so the double path recomputes them.
 */
function statistics(call: GradientCall): { readonly centred: Value; readonly inverse: Value } {
	const { inputs, outputs, emit } = call
	const x = at(inputs, 0)
	if (x.type === 'float32') return { centred: emit('Sub', [x, at(outputs, 1)]), inverse: at(outputs, 2) }
	const mean = (value: Value) => emit('ReduceMean', [value, emit.integers([-1])], { keepdims: int(1) })
	const centred = emit('Sub', [x, mean(x)])
	const epsilon = emit.scalar(floatAttribute(call, 'epsilon', 1e-5), x.type)
	const variance = mean(emit('Mul', [centred, centred]))
	return { centred, inverse: emit('Reciprocal', [emit('Sqrt', [emit('Add', [variance, epsilon])])]) }
}

export const normalizationOperators: readonly Operator[] = [layerNormalization]
