/** The text side of a model as part of an image's graph. */

import { type ElementType, float32, tensor } from '../../core/tensor.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import type { Defense, ParameterLookup } from '../defense.js'

/**
 * Unit text features [C, E] of all classes at once, with the prompts' tokens as constants of the graph.
 * @param type Float type of the graph.
 */
export function textFeaturesInGraph(
	{ prompts, textFeatures }: Pick<Defense, 'prompts' | 'textFeatures'>,
	parameters: ParameterLookup,
	type: ElementType,
): Value {
	const { ids, endPositions, rows, length } = prompts
	const ends = new Float32Array(rows * length)
	for (const [row, position] of endPositions.entries()) ends[row * length + position] = 1
	return textFeatures(
		ops.literal(tensor('int64', [rows, length], ids)),
		ops.cast(ops.literal(float32([rows, length], ends)), type),
		parameters,
	)
}

/** The same parameters in another float type; repeated calls for a name return the same value. */
export function parametersAs(type: ElementType, parameters: ParameterLookup): ParameterLookup {
	const values = new Map<string, Value>()
	return (name) => {
		const value = values.get(name) ?? ops.cast(parameters(name), type)
		values.set(name, value)
		return value
	}
}
