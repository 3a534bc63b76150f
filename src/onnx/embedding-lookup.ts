/** Finds where a model looks up rows of a matrix by an input: its token embedding. */

import { parseModel } from './parse-model.js'
import { readInitializer, type WeightsFiles } from './read-tensor.js'
import type { Value } from './value.js'

/**
 * The first lookup by an input of token ids, through casts and copies of them.
 * @param input Name of the input.
 * @returns The name of its result, which `readModel` can replace with another value, and the matrix.
 * @throws NaptuneError as `readModel` does for a damaged model.
 */
export function embeddingLookup(
	bytes: Uint8Array,
	input: string,
	weights?: WeightsFiles,
): { readonly output: string; readonly matrix: Value } | undefined {
	const { graph } = parseModel(bytes)
	const ids = new Set([input])
	for (const { opType, input: operands, output } of graph.node) {
		const [first, second] = operands
		const [only] = output
		if (first === undefined || only === undefined) continue
		if (['Identity', 'Cast'].includes(opType) && ids.has(first)) ids.add(only)
		if (opType !== 'Gather' || second === undefined || !ids.has(second)) continue
		const stored = graph.initializer.find(({ name }) => name === first)
		if (stored?.dims.length === 2) return { output: only, matrix: readInitializer(stored, weights) }
	}
	return undefined
}
