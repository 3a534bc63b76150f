/** Operators that choose entries by value. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { describeShape, normalizeAxis, staticDimension } from '../dimensions.js'
import {
	constantIntegers,
	int,
	intAttribute,
	type Operator,
	required,
	requireNumber,
	requireSameType,
	text,
} from '../operator.js'
import { sumToShape, zerosLike } from './broadcasting.js'

const clip: Operator = {
	name: 'Clip',
	doc: 'x limited to [min, max], either of which may be omitted; where x equals a limit the gradient goes to x.',
	infer: (call) => {
		const x = required(call, 0)
		requireNumber(call, x)
		for (const limit of call.inputs.slice(1)) {
			if (!limit) continue
			requireSameType(call, x, limit)
			if (limit.shape.length !== 0) {
				throw new NaptuneError(
					'NAP_GRAPH_INVALID',
					`Clip needs scalar limits, got one of shape ${describeShape(limit.shape)}.`,
				)
			}
		}
		return [{ type: x.type, shape: x.shape }]
	},
	gradient: ({ inputs, outputs, outputGradients, wanted, emit }) => {
		const [x, least, most] = inputs
		const dy = at(outputGradients, 0)
		const zero = emit.scalar(0, dy.type)
		const where = (comparison: string, other: typeof x) => emit('Where', [emit(comparison, [x!, other!]), dy, zero])
		return [
			wanted[0] ? where('Equal', at(outputs, 0)) : null,
			wanted[1] && least ? sumToShape(emit, where('Less', least), least) : null,
			wanted[2] && most ? sumToShape(emit, where('Greater', most), most) : null,
		]
	},
}

const argMax: Operator = {
	name: 'ArgMax',
	doc: 'Position of the largest entry along one axis; the first one among equals.',
	attributes: { axis: 'int', keepdims: 'int', select_last_index: 'int' },
	infer: (call) => {
		const x = required(call, 0)
		requireNumber(call, x)
		const axis = normalizeAxis(intAttribute(call, 'axis', 0), x.shape.length, 'ArgMax')
		const keep = intAttribute(call, 'keepdims', 1) === 1
		return [
			{
				type: 'int64',
				shape: x.shape.flatMap((dimension, index) => (index === axis ? (keep ? [1] : []) : [dimension])),
			},
		]
	},
	gradient: 'none',
}

const topK: Operator = {
	name: 'TopK',
	doc: 'The k largest (or smallest) entries along one axis, in order, and their positions.',
	attributes: { axis: 'int', largest: 'int', sorted: 'int' },
	requiredOutputs: 2,
	infer: (call) => {
		const x = required(call, 0)
		requireNumber(call, x)
		const axis = normalizeAxis(intAttribute(call, 'axis', -1), x.shape.length, 'TopK')
		const count = constantIntegers(call, required(call, 1))
		const size = staticDimension(x.shape, axis, 'TopK')
		const [k = 0] = count
		if (count.length !== 1 || k < 1 || k > size) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`TopK needs one count from 1 to ${size}, the size of axis ${axis}; got [${count.join(', ')}].`,
			)
		}
		const shape = x.shape.map((dimension, index) => (index === axis ? k : dimension))
		return [
			{ type: x.type, shape },
			{ type: 'int64', shape },
		]
	},
	gradient: (call) => {
		const { inputs, outputs, outputGradients, emit } = call
		const dy = outputGradients[0]
		if (!dy) return [null, null]
		const places = { axis: int(intAttribute(call, 'axis', -1)), reduction: text('add') }
		return [emit('ScatterElements', [zerosLike(emit, at(inputs, 0)), at(outputs, 1), dy], places), null]
	},
}

export const selectionOperators: readonly Operator[] = [clip, argMax, topK]
