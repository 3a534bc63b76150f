/** Converts nodes of ONNX files to the graph language, including forms and operators that other versions and tools write. */

import { entry } from '../core/at.js'
import { operators } from './operators/index.js'
import * as ops from './ops.js'
import { activationReaders } from './readers/activations.js'
import {
	chain,
	clip,
	cumulativeSum,
	dropout,
	integerOnly,
	logSumExp,
	pow,
	reduction,
	rowReduction,
	softmax,
} from './readers/arithmetic.js'
import { normalizationReaders } from './readers/normalization.js'
import { einsum, matMul } from './readers/products.js'
import { resize } from './readers/resize.js'
import {
	depthToSpace,
	pad,
	reshape,
	size,
	slice,
	spaceToDepth,
	split,
	squeeze,
	tile,
	unsqueeze,
} from './readers/shaping.js'
import { constant, constantOfShape, gatherNd, range } from './readers/values.js'
import { windowReaders } from './readers/windows.js'
import { asIs, type Reader, type StoredNode, without } from './stored-node.js'
import type { Value } from './value.js'

/** Whether {@link applyStored} knows an operator of the standard domain. */
export function isReadable(operator: string): boolean {
	return Object.hasOwn(readers, operator) || operators.has(operator)
}

/**
 * Applies a stored node in the graph language.
 * @throws NaptuneError for attributes or inputs the language does not support.
 */
export function applyStored(node: StoredNode): readonly Value[] {
	const reader = Object.hasOwn(readers, node.operator) ? entry(readers, node.operator) : asIs
	return reader(node)
}

const readers: Readonly<Record<string, Reader>> = {
	...activationReaders,
	...normalizationReaders,
	...windowReaders,
	Constant: constant,
	ConstantOfShape: constantOfShape,
	Range: range,
	GatherND: gatherNd,
	Dropout: dropout,
	Sum: chain('Add'),
	Mean: chain('Add', (total, count) => ops.div(total, count)),
	Max: chain('Max'),
	Min: chain('Min'),
	ReduceSum: rowReduction('ReduceSum'),
	ReduceMean: rowReduction('ReduceMean'),
	ReduceMax: reduction('ReduceMax'),
	ReduceMin: reduction('ReduceMin'),
	ReduceL2: reduction('ReduceL2'),
	ReduceL1: rowReduction('ReduceSum', ops.abs),
	ReduceSumSquare: rowReduction('ReduceSum', (x) => ops.mul(x, x)),
	ReduceLogSum: rowReduction('ReduceSum', (x) => x, ops.log),
	ReduceLogSumExp: logSumExp,
	Split: split,
	Squeeze: squeeze,
	Unsqueeze: unsqueeze,
	Reshape: reshape,
	Slice: slice,
	Pad: pad,
	Tile: tile,
	Size: size,
	DepthToSpace: depthToSpace,
	SpaceToDepth: spaceToDepth,
	Resize: resize,
	Upsample: resize,
	MatMul: matMul,
	Einsum: einsum,
	CumSum: cumulativeSum,
	Softmax: softmax,
	LogSoftmax: softmax,
	Clip: clip,
	Pow: pow,
	Mod: integerOnly,
	Cast: ({ inputs, attributes, emit }) => emit.all('Cast', inputs, without(attributes, 'saturate')),
}
