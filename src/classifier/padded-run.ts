/** Runs a program over a batch of any size, using only batch sizes with reliable results. */

import { at, entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { joinRows, range, takeRows } from '../core/rows.js'
import type { Tensor } from '../core/tensor.js'
import type { Feeds, Program } from '../runtime/engine.js'

/** Most rows of one run for each thread of the engine: larger batches take more memory and are no faster. */
export const mostRowsPerThread = 16

/** How many rows each run of a program has. */
export interface RowsPerRun {
	/** Every run has exactly this many; the last row is repeated to fill it. */
	readonly exactly?: number | undefined
	/** Most rows of a run, at least 2; larger batches are split into equal parts. Default: no limit. */
	readonly most?: number | undefined
}

/**
 * Runs a program whose outputs all have the batch as their first axis. A single row runs doubled and is cut afterwards,
 * because ONNX Runtime multiplies a single row with another kernel, which sums in another order. With an exact number of
 * rows (1 for a graph of one image), larger batches are split into several runs.
 * @param count Rows of the batch, at least 1.
 * @param perSample Inputs whose first axis is the batch.
 * @param shared All other inputs.
 * @throws NaptuneError as `Program.run`, or if an output does not have one row per image.
 */
export async function runPadded(
	program: Program,
	count: number,
	perSample: Readonly<Record<string, Tensor>>,
	shared: Feeds,
	{ exactly, most = Number.POSITIVE_INFINITY }: RowsPerRun,
): Promise<Record<string, Tensor>> {
	const cut = exactly ?? Math.max(Math.ceil(count / Math.max(1, Math.ceil(count / most))), 2)
	if (cut === count) return perRow(await program.run({ ...shared, ...perSample }), count)
	const starts = range(0, Math.ceil(count / cut)).map((part) => part * cut)
	// All runs start at once: the engine moves from one to the next while this thread receives results.
	const parts = await Promise.all(
		starts.map(async (start) => {
			const own = Math.min(cut, count - start)
			const size = exactly ?? Math.max(own, 2)
			const rows = range(start, start + size).map((row) => Math.min(row, start + own - 1))
			const padded = Object.fromEntries(Object.entries(perSample).map(([name, value]) => [name, takeRows(value, rows)]))
			const outputs = perRow(await program.run({ ...shared, ...padded }), size)
			if (own === size) return outputs
			const kept = range(0, own)
			return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, takeRows(value, kept)]))
		}),
	)
	const names = Object.keys(at(parts, 0))
	return Object.fromEntries(names.map((name) => [name, joinRows(parts.map((part) => entry(part, name)))]))
}

function perRow(outputs: Record<string, Tensor>, size: number): Record<string, Tensor> {
	for (const [name, { shape }] of Object.entries(outputs)) {
		if (shape[0] !== size) {
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`Output ${name} of a classifier has shape [${shape.join(', ')}] for ${size} images; its first axis must be the batch.`,
			)
		}
	}
	return outputs
}
