/** The towers' view of a checkpoint's weights, whatever their file. */

import { NaptuneError } from '../core/errors.js'
import type { ElementType } from '../core/tensor.js'
import { ops } from '../onnx/graph.js'
import type { ExternalReference, Value } from '../onnx/value.js'

/** One weight tensor of a checkpoint, as a slice of a file with little-endian float32 data. */
export interface WeightReference extends ExternalReference {
	readonly shape: readonly number[]
	/** Whether the file holds a matrix transposed, columns first. */
	readonly transposed?: true
}

/**
 * The graph value of a weight by its Hugging Face name.
 * @param shape Another shape of the same elements, such as a patch kernel seen as a matrix.
 */
export type WeightLookup = (name: string, shape?: readonly number[]) => Value

/** Frozen weights: every value is a reference into the checkpoint's file. */
export function frozenWeights(weights: ReadonlyMap<string, WeightReference>): WeightLookup {
	return (name, shape) => {
		const reference = weights.get(name)
		if (!reference) throw new NaptuneError('NAP_MODEL_INVALID', `The checkpoint has no weight named ${name}.`)
		if (!reference.transposed) return ops.external(name, 'float32', shape ?? reference.shape, reference)
		const stored = ops.external(name, 'float32', [...reference.shape].reverse(), reference)
		const matrix = ops.transpose(stored, [1, 0])
		return shape ? ops.reshape(matrix, shape) : matrix
	}
}

/**
 * Trainable weights: every value is a graph input of the weight's name, to be fed at each run and differentiated.
 * Asking twice for a name gives the same value, so that gradients of shared weights add up.
 * @param type float32, or float64 for numerical checks.
 */
export function trainableWeights(
	shapes: ReadonlyMap<string, readonly number[]>,
	type: ElementType = 'float32',
): { readonly lookup: WeightLookup; readonly values: ReadonlyMap<string, Value> } {
	const values = new Map<string, Value>()
	const lookup: WeightLookup = (name, shape) => {
		const own = shapes.get(name)
		if (!own) throw new NaptuneError('NAP_MODEL_INVALID', `The model has no weight named ${name}.`)
		const value = values.get(name) ?? ops.input(name, type, own)
		values.set(name, value)
		return shape ? ops.reshape(value, shape) : value
	}
	return { lookup, values }
}

/**
 * Rows of a tensor of float32: parts along its first axis.
 * @param read Reads a part of the file that a weight refers to.
 * @returns Row after row, each flattened.
 * @throws NaptuneError for what is no row of it.
 */
export async function rowsOf(
	name: string,
	weights: ReadonlyMap<string, WeightReference>,
	rows: readonly number[],
	read: (reference: WeightReference, offset: number, length: number) => Promise<Uint8Array>,
): Promise<Float32Array> {
	const reference = weights.get(name)
	if (!reference) throw new NaptuneError('NAP_MODEL_INVALID', `The checkpoint has no weight named ${name}.`)
	const { offset, shape } = reference
	const [count = 0, ...rest] = shape
	const width = rest.reduce((product, size) => product * size, 1)
	const wrong = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= count)
	if (wrong !== undefined) {
		throw new NaptuneError('NAP_ARGUMENT_INVALID', `${name} of shape [${shape.join(', ')}] has no row ${wrong}.`)
	}
	const numbers = async (first: number, length: number) => {
		const bytes = await read(reference, offset + first * 4, length * 4)
		return new Float32Array(bytes.slice().buffer)
	}
	const values = new Float32Array(rows.length * width)
	if (reference.transposed) {
		const stored = await numbers(0, count * width)
		for (const [index, row] of rows.entries()) {
			for (let column = 0; column < width; column++)
				values[index * width + column] = stored[column * count + row] ?? Number.NaN
		}
		return values
	}
	// Neighbours are read at once.
	for (let from = 0; from < rows.length; ) {
		const first = rows[from] ?? 0
		let to = from + 1
		while (to < rows.length && rows[to] === first + to - from) to++
		values.set(await numbers(first * width, (to - from) * width), from * width)
		from = to
	}
	return values
}
