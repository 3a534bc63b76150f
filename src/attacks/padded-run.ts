/** Running a program over a batch of any size with the batch sizes whose results can be relied on. */

import { NaptuneError } from '../errors.js'
import type { Tensor } from '../onnx/tensor.js'
import type { Feeds, Program } from '../runtime/engine.js'
import { joinRows, range, takeRows } from './batch-rows.js'

/**
 * Runs a program whose outputs all have the batch as their first axis.
 * A single row is run twice over and cut, because ONNX Runtime multiplies a single row by another kernel, which sums in
 * another order. With a fixed batch, every run has exactly that many rows, 1 for a graph of one image: the last one is
 * repeated to fill up, and larger batches are cut into several runs.
 * @param count Rows of the batch, at least 1.
 * @param perSample Inputs whose first axis is the batch.
 * @param shared All other inputs.
 * @throws NaptuneError as `Program.run`, or when an output does not have one row per image.
 */
export async function runPadded(
	program: Program,
	count: number,
	perSample: Readonly<Record<string, Tensor>>,
	shared: Feeds,
	fixedBatch: number | undefined,
): Promise<Record<string, Tensor>> {
	const size = fixedBatch ?? Math.max(count, 2)
	if (size === count) return perRow(await program.run({ ...shared, ...perSample }), size)
	const parts: Record<string, Tensor>[] = []
	for (let start = 0; start < count; start += size) {
		const end = Math.min(start + size, count)
		const rows = range(start, start + size).map((row) => Math.min(row, end - 1))
		const padded = Object.fromEntries(Object.entries(perSample).map(([name, value]) => [name, takeRows(value, rows)]))
		const outputs = perRow(await program.run({ ...shared, ...padded }), size)
		const kept = range(0, end - start)
		parts.push(
			end - start === size
				? outputs
				: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, takeRows(value, kept)])),
		)
	}
	return Object.fromEntries(Object.keys(parts[0]!).map((name) => [name, joinRows(parts.map((part) => part[name]!))]))
}

function perRow(outputs: Record<string, Tensor>, size: number): Record<string, Tensor> {
	for (const [name, { shape }] of Object.entries(outputs)) {
		if (shape[0] !== size) {
			throw new NaptuneError(
				`Output ${name} of a classifier has shape [${shape.join(', ')}] for ${size} images; its first axis must be the batch.`,
			)
		}
	}
	return outputs
}
