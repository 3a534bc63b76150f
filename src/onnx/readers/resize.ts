/** Reads Resize and Upsample as one product with a constant matrix per axis, which gives the gradient. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { normalizeAxis, staticDimension } from '../dimensions.js'
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../operator.js'
import * as ops from '../ops.js'
import { operand, type Reader, type StoredNode } from '../stored-node.js'
import { knownEntries } from '../symbolic-integers.js'
import type { Value } from '../value.js'
import { alongAxis } from './arithmetic.js'
import { type Interpolation, resamplingMatrix } from './resampling-matrix.js'

/** Maximum number of entries of one axis's matrix. */
const largestMatrix = 2 ** 24

export const resize: Reader = (node) => {
	const x = operand(node, 0)
	const older = node.operator === 'Upsample' || node.opset < 11
	const rank = x.shape.length
	const axes = intsAttribute(
		node,
		'axes',
		x.shape.map((_, axis) => axis),
	).map((axis) => normalizeAxis(axis, rank, node.operator))
	const sizes = older ? undefined : numbersOf(node, 3)
	const scales = older ? (scalesAttribute(node) ?? numbersOf(node, 1)) : numbersOf(node, 2)
	const given = sizes ?? scales
	if (!given || given.length !== axes.length) {
		throw new NaptuneError('NAP_ONNX_INVALID', `${node.operator} needs constant scales or sizes, one per axis.`)
	}
	if (stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
		throw new NaptuneError('NAP_ONNX_UNSUPPORTED', 'Resize is only supported without an aspect-ratio policy (stretch).')
	}
	const interpolation = interpolationOf(node, older)
	let result = x
	axes.forEach((axis, position) => {
		const wanted = at(given, position)
		// Exporters write the batch size they saw; nobody resizes that axis.
		if (axis === 0 && typeof x.shape[0] === 'string' && (sizes || wanted === 1)) return
		if (typeof wanted === 'string' || (!sizes && wanted === 1)) {
			if (wanted === x.shape[axis] || wanted === 1) return
			throw new NaptuneError(
				'NAP_ONNX_INVALID',
				`${node.operator} cannot change axis ${axis} to the symbolic size ${wanted}.`,
			)
		}
		const before = staticDimension(x.shape, axis, node.operator)
		const after = sizes ? wanted : Math.floor(before * wanted)
		if (after === before && (sizes || wanted === 1)) return
		if (!(after >= 1) || after * before > largestMatrix) {
			throw new NaptuneError(
				'NAP_ONNX_INVALID',
				`${node.operator} of an axis of ${before} entries to ${after} is not possible.`,
			)
		}
		const scale = sizes ? after / before : wanted
		const matrix = ops.literal({
			type: 'float32',
			shape: [before, after],
			data: resamplingMatrix(before, after, scale, interpolation),
		})
		result = alongAxis(result, axis, (moved) => ops.matmul(moved, ops.cast(matrix, x.type)))
	})
	return [result]
}

function numbersOf(node: StoredNode, index: number): readonly (number | string)[] | undefined {
	const value: Value | null | undefined = node.inputs[index]
	const known = value ? knownEntries(value) : undefined
	return known && known.length > 0 ? known : undefined
}

function scalesAttribute(node: StoredNode): readonly number[] | undefined {
	const stored = node.tensors.scales
	return stored && Array.from(stored.data as Float32Array)
}

function interpolationOf(node: StoredNode, older: boolean): Interpolation {
	const mode = stringAttribute(node, 'mode', 'nearest')
	const coordinates = older ? 'asymmetric' : stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel')
	const known = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric']
	if (!known.includes(coordinates)) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`${node.operator} supports the coordinates ${known.join(', ')}, not ${coordinates}.`,
		)
	}
	if (!['nearest', 'linear', 'bilinear', 'cubic'].includes(mode)) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`${node.operator} supports the modes nearest, linear and cubic, not ${mode}.`,
		)
	}
	if (intAttribute(node, 'antialias', 0) !== 0) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			'Resize is only supported without antialiasing. Resize images before you pass them to the model.',
		)
	}
	return {
		mode: mode === 'bilinear' ? 'linear' : (mode as Interpolation['mode']),
		coordinates: coordinates as Interpolation['coordinates'],
		rounding: older
			? 'floor'
			: (stringAttribute(node, 'nearest_mode', 'round_prefer_floor') as Interpolation['rounding']),
		cubicCoefficient: floatAttribute(node, 'cubic_coeff_a', -0.75),
		excludeOutside: intAttribute(node, 'exclude_outside', 0) === 1,
	}
}
