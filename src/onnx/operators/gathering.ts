/** Reading and writing entries by index. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { describeShape, normalizeAxis, sameShape } from '../dimensions.js'
import {
	type Call,
	int,
	intAttribute,
	type Operator,
	required,
	requireIndices,
	requireSameType,
	stringAttribute,
	text,
} from '../operator.js'
import { symbolicIntegers } from '../symbolic-integers.js'
import type { Value } from '../value.js'
import { expandTo, zerosLike } from './broadcasting.js'

const gather: Operator = {
	name: 'Gather',
	doc: 'Entries of one axis chosen by an index tensor, such as rows of an embedding table.',
	attributes: { axis: 'int' },
	infer: (call) => {
		const data = required(call, 0)
		const indices = required(call, 1)
		requireIndices(call, indices)
		const axis = normalizeAxis(intAttribute(call, 'axis', 0), data.shape.length, 'Gather')
		return [{ type: data.type, shape: [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)] }]
	},
	// ScatterND with addition would do it in one node, but its additions into one row race between threads;
	// ScatterElements adds in one fixed order, so the same indices give the same bytes.
	gradient: (call) => {
		const { inputs, outputGradients, emit } = call
		const data = at(inputs, 0)
		const indices = at(inputs, 1)
		const axis = normalizeAxis(intAttribute(call, 'axis', 0), data.shape.length, 'Gather')
		const after = data.shape.length - axis - 1
		const placed = emit('Unsqueeze', [
			indices,
			emit.integers([
				...Array.from({ length: axis }, (_, position) => position),
				...Array.from({ length: after }, (_, position) => axis + indices.shape.length + position),
			]),
		])
		const dy = at(outputGradients, 0)
		const everywhere = expandTo(emit, placed, dy)
		const collapse = (value: Value) => {
			if (indices.shape.length === 1) return value
			if (indices.shape.length === 0) return emit('Unsqueeze', [value, emit.integers([axis])])
			const sizes = [
				...data.shape.slice(0, axis).map((dimension) => (typeof dimension === 'number' ? dimension : 0)),
				-1,
				...data.shape.slice(axis + 1),
			]
			if (sizes.some((size) => typeof size === 'string')) {
				throw new NaptuneError(
					'NAP_GRADIENT_UNSUPPORTED',
					`The gradient of Gather needs fixed sizes after axis ${axis}, got ${describeShape(data.shape)}.`,
				)
			}
			return emit('Reshape', [value, emit.integers(sizes as number[])])
		}
		return [
			emit('ScatterElements', [zerosLike(emit, data), collapse(everywhere), collapse(dy)], {
				axis: int(axis),
				reduction: text('add'),
			}),
			null,
		]
	},
}

const gatherElements: Operator = {
	name: 'GatherElements',
	doc: 'For every entry of the index tensor, the data entry whose position on one axis it names.',
	attributes: { axis: 'int' },
	infer: (call) => {
		const data = required(call, 0)
		const indices = required(call, 1)
		requireIndices(call, indices)
		normalizeAxis(intAttribute(call, 'axis', 0), data.shape.length, 'GatherElements')
		if (indices.shape.length !== data.shape.length) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`GatherElements needs indices of the data's rank, got ${describeShape(indices.shape)} for ${describeShape(data.shape)}.`,
			)
		}
		return [{ type: data.type, shape: indices.shape }]
	},
	gradient: (call) => {
		const { inputs, outputGradients, emit } = call
		return [
			emit('ScatterElements', [zerosLike(emit, at(inputs, 0)), at(inputs, 1), at(outputGradients, 0)], {
				axis: int(intAttribute(call, 'axis', 0)),
				reduction: text('add'),
			}),
			null,
		]
	},
}

/** The operands of a scattering operator, with its only supported reduction. */
function scattered(call: Call, reduction: 'add' | 'none') {
	const [data, indices, updates] = [required(call, 0), required(call, 1), required(call, 2)]
	requireIndices(call, indices)
	requireSameType(call, data, updates)
	if (stringAttribute(call, 'reduction', 'none') !== reduction) {
		throw new NaptuneError('NAP_ONNX_UNSUPPORTED', `${call.operator} is only supported with reduction '${reduction}'.`)
	}
	return { data, indices, updates }
}

const scatterElements: Operator = {
	name: 'ScatterElements',
	doc: 'Data with updates added at the positions an index tensor names along one axis (reduction add).',
	attributes: { axis: 'int', reduction: 'string' },
	infer: (call) => {
		const { data, indices, updates } = scattered(call, 'add')
		normalizeAxis(intAttribute(call, 'axis', 0), data.shape.length, 'ScatterElements')
		if (!sameShape(indices.shape, updates.shape) || indices.shape.length !== data.shape.length) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`ScatterElements needs indices and updates of one shape and of the data's rank, got ${describeShape(indices.shape)} and ${describeShape(updates.shape)} for ${describeShape(data.shape)}.`,
			)
		}
		return [{ type: data.type, shape: data.shape }]
	},
	gradient: (call) => {
		const { inputs, outputGradients, wanted, emit } = call
		const dy = at(outputGradients, 0)
		const axis = int(intAttribute(call, 'axis', 0))
		return [wanted[0] ? dy : null, null, wanted[2] ? emit('GatherElements', [dy, at(inputs, 1)], { axis }) : null]
	},
}

const scatterND: Operator = {
	name: 'ScatterND',
	doc: 'Data with entries or slices replaced at the positions an index tensor lists, such as those of a mask; the updates pass no gradient.',
	attributes: { reduction: 'string' },
	infer: (call) => {
		const { data, indices, updates } = scattered(call, 'none')
		const depth = indices.shape.at(-1)
		const expected = [...indices.shape.slice(0, -1), ...data.shape.slice(Number(depth))]
		if (typeof depth !== 'number' || depth > data.shape.length || !sameShape(updates.shape, expected)) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`ScatterND cannot put ${describeShape(updates.shape)} into ${describeShape(data.shape)} at positions ${describeShape(indices.shape)}.`,
			)
		}
		return [{ type: data.type, shape: data.shape }]
	},
	gradient: ({ inputs, outputGradients, wanted, emit }) => {
		if (wanted[2]) {
			throw new NaptuneError(
				'NAP_GRADIENT_UNSUPPORTED',
				'ScatterND has a gradient only to its data, not to its updates.',
			)
		}
		return [emit('ScatterND', [at(outputGradients, 0), at(inputs, 1), zerosLike(emit, at(inputs, 2))]), null, null]
	},
}

const range: Operator = {
	name: 'Range',
	doc: 'The whole numbers from 0 to below a size, which may be symbolic, in steps of 1.',
	infer: (call) => {
		const [start, limit, step] = [0, 1, 2].map((index) => {
			const value = required(call, index)
			requireIndices(call, value)
			return symbolicIntegers(value)?.[0]
		})
		if (start !== 0 || step !== 1 || limit === undefined || (typeof limit === 'number' && limit < 0)) {
			throw new NaptuneError(
				'NAP_ONNX_UNSUPPORTED',
				`A Range that is not constant is only supported from 0 to a size in steps of 1; got ${start} to ${limit} by ${step}.`,
			)
		}
		return [{ type: required(call, 1).type, shape: [limit] }]
	},
	gradient: 'none',
}

export const gatheringOperators: readonly Operator[] = [gather, gatherElements, scatterElements, scatterND, range]
