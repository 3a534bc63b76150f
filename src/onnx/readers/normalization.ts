/** Reads normalizations from ONNX files as layer normalization over rows and affine functions. */

import { NaptuneError } from '../../core/errors.js'
import { normalizeAxis, staticDimension } from '../dimensions.js'
import { scalar } from '../emit.js'
import { float, floatAttribute, int, intAttribute } from '../operator.js'
import { isUneven, rowProducts } from '../operators/row-products.js'
import * as ops from '../ops.js'
import { operand, type Reader, type StoredNode, without } from '../stored-node.js'
import type { Value } from '../value.js'

/** One number per channel, shaped to broadcast with tensors [B, C, ...]. */
function perChannel(value: Value, like: Value): Value {
	return ops.reshape(value, [-1, ...like.shape.slice(2).map(() => 1)])
}

/** With fixed training statistics it is an affine function of each channel. */
const batchNormalization: Reader = (node) => {
	if (intAttribute(node, 'training_mode', 0) !== 0 || node.outputCount > 1) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			'BatchNormalization is only supported for inference. Export the model in evaluation mode.',
		)
	}
	const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((index) => operand(node, index))
	const inverse = ops.reciprocal(ops.sqrt(ops.add(variance!, floatAttribute(node, 'epsilon', 1e-5))))
	const factor = ops.mul(scale!, inverse)
	const offset = ops.sub(bias!, ops.mul(mean!, factor))
	return [ops.add(ops.mul(x!, perChannel(factor, x!)), perChannel(offset, x!))]
}

/** Rows of x, normalized: the statistics of each row alone. */
function normalizedRows(node: StoredNode, rows: Value): Value {
	const width = staticDimension(rows.shape, rows.shape.length - 1, node.operator)
	if (isUneven(rows)) return unevenRows(node, rows, width)
	const ones = ops.expand(scalar(1, rows.type), [width])
	const epsilon = float(floatAttribute(node, 'epsilon', 1e-5))
	return node.emit('LayerNormalization', [rows, ones], { axis: int(-1), epsilon })
}

/** The same for rows that the operator's gradient would sum in an order that depends on the batch. */
function unevenRows(node: StoredNode, rows: Value, width: number): Value {
	const centred = ops.sub(rows, rowProducts(node.emit, rows, 1 / width))
	const variance = rowProducts(node.emit, ops.mul(centred, centred), 1 / width)
	return ops.div(centred, ops.sqrt(ops.add(variance, floatAttribute(node, 'epsilon', 1e-5))))
}

function area(node: StoredNode, x: Value): number {
	return x.shape.slice(2).reduce<number>((total, _, at) => total * staticDimension(x.shape, at + 2, node.operator), 1)
}

const instanceNormalization: Reader = (node) => {
	const [x, scale, bias] = [0, 1, 2].map((index) => operand(node, index))
	const rows = normalizedRows(node, ops.reshape(x!, [0, 0, area(node, x!)]))
	const normalized = ops.reshape(rows, [0, 0, ...x!.shape.slice(2).map((size) => size as number)])
	return [ops.add(ops.mul(normalized, perChannel(scale!, x!)), perChannel(bias!, x!))]
}

/** Scale and bias have one number per channel since version 21, before that one per group. */
const groupNormalization: Reader = (node) => {
	const [x, scale, bias] = [0, 1, 2].map((index) => operand(node, index))
	const groups = intAttribute(node, 'num_groups', 1)
	const channels = staticDimension(x!.shape, 1, node.operator)
	const rows = normalizedRows(node, ops.reshape(x!, [0, groups, (channels / groups) * area(node, x!)]))
	const spatial = x!.shape.slice(2).map((size) => size as number)
	const spread = (value: Value) => {
		if (value.shape[0] === channels) return perChannel(value, x!)
		const repeated = ops.expand(ops.reshape(value, [groups, 1]), [groups, channels / groups])
		return perChannel(ops.reshape(repeated, [channels]), x!)
	}
	const normalized = ops.reshape(rows, [0, channels, ...spatial])
	return [ops.add(ops.mul(normalized, spread(scale!)), spread(bias!))]
}

/** Over several axes: these become one. */
const layerNormalization: Reader = (node) => {
	const [x, scale] = [operand(node, 0), operand(node, 1)]
	const rank = x.shape.length
	const axis = normalizeAxis(intAttribute(node, 'axis', -1), rank, node.operator)
	const given = { ...without(node.attributes, 'axis'), axis: int(-1) }
	const bias = node.inputs[2] ?? null
	const width = x.shape[axis]
	const single = !node.own && node.outputCount === 1 && axis === rank - 1 && axis > 0
	if (single && typeof width === 'number' && isUneven(x)) {
		const scaled = ops.mul(unevenRows(node, x, width), scale)
		return [bias ? ops.add(scaled, bias) : scaled]
	}
	if (axis === rank - 1) return node.emit.all(node.operator, [x, scale, bias], given)
	if (node.outputCount > 1) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			'LayerNormalization over several axes is only supported without mean and deviation as outputs.',
		)
	}
	const count = x.shape.slice(axis).reduce<number>((total, _, at) => {
		return total * staticDimension(x.shape, axis + at, node.operator)
	}, 1)
	const flat = (value: Value | null) => value && ops.reshape(value, [count])
	const rows = ops.reshape(x, [...x.shape.slice(0, axis).map(() => 0), count])
	return [ops.reshapeLike(node.emit(node.operator, [rows, flat(scale), flat(bias)], given), x)]
}

/** x / sqrt(mean(x²) + epsilon) · scale over the last axis. */
const rootMeanSquare: Reader = (node) => {
	const [x, scale] = [operand(node, 0), operand(node, 1)]
	const axis = normalizeAxis(intAttribute(node, 'axis', -1), x.shape.length, node.operator)
	const axes = x.shape.flatMap((_, at) => (at >= axis ? [at] : []))
	const power = ops.reduceMean(ops.mul(x, x), axes, true)
	const inverse = ops.reciprocal(ops.sqrt(ops.add(power, floatAttribute(node, 'epsilon', 1e-5))))
	return [ops.mul(ops.mul(x, inverse), scale)]
}

const lpNormalization: Reader = (node) => {
	const x = operand(node, 0)
	const axis = intAttribute(node, 'axis', -1)
	const order = intAttribute(node, 'p', 2)
	const norm = order === 1 ? ops.reduceSum(ops.abs(x), [axis], true) : ops.reduceL2(x, [axis], true)
	return [ops.div(x, norm)]
}

export const normalizationReaders: Readonly<Record<string, Reader>> = {
	BatchNormalization: batchNormalization,
	InstanceNormalization: instanceNormalization,
	GroupNormalization: groupNormalization,
	LayerNormalization: layerNormalization,
	RMSNormalization: rootMeanSquare,
	LpNormalization: lpNormalization,
}
