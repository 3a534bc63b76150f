/** The prompts of all classes as constants of a graph. */

import { float32, tensor } from '../core/tensor.js'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import type { PromptRows } from './defense.js'

/** Token ids, [rows, length] int64. */
export function promptIds({ ids, rows, length }: PromptRows): Value {
	return ops.literal(tensor('int64', [rows, length], ids))
}

/** 1 at each row's end token, [rows, length]. */
export function promptEnds({ endPositions, rows, length }: PromptRows): Value {
	const ends = new Float32Array(rows * length)
	for (const [row, position] of endPositions.entries()) ends[row * length + position] = 1
	return ops.literal(float32([rows, length], ends))
}
