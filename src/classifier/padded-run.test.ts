import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { range } from '../core/rows.js'
import { ops } from '../onnx/index.js'
import type { Program } from '../runtime/engine.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { networkGraph, randomBatch } from './graphs.test.support.js'
import { type RowsPerRun, runPadded } from './padded-run.js'

describe('runPadded', () => {
	let engine: ModelEngine
	let program: Program
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		program = await engine.compile(networkGraph(5)(ops.input('pixels', 'float32', ['B', 3, 4, 5])))
	})
	afterAll(() => engine.close())

	/** Outputs of so many images, and the rows of every run. */
	async function run(count: number, rowsPerRun: RowsPerRun) {
		const rows: number[] = []
		const watched: Program = {
			...program,
			run: (feeds) => {
				rows.push((feeds.pixels as { shape: readonly number[] }).shape[0]!)
				return program.run(feeds)
			},
		}
		const { images } = randomBatch(range(0, count).map(() => 0))
		return { rows, outputs: await runPadded(watched, count, { pixels: images }, {}, rowsPerRun) }
	}

	it.each([
		{ count: 1, rowsPerRun: {}, rows: [2] },
		{ count: 7, rowsPerRun: {}, rows: [7] },
		{ count: 32, rowsPerRun: { most: 32 }, rows: [32] },
		{ count: 33, rowsPerRun: { most: 32 }, rows: [17, 16] },
		{ count: 3, rowsPerRun: { most: 2 }, rows: [2, 2] },
		{ count: 5, rowsPerRun: { exactly: 4 }, rows: [4, 4] },
		{ count: 3, rowsPerRun: { exactly: 8, most: 2 }, rows: [8] },
	])('runs $count images as $rows rows under $rowsPerRun, to the same bytes', async ({ count, rowsPerRun, rows }) => {
		const cut = await run(count, rowsPerRun)
		const whole = await run(40, {})
		expect(cut.rows).toEqual(rows)
		for (const [name, { shape, data }] of Object.entries(cut.outputs)) {
			expect(shape[0]).toBe(count)
			expect(data, name).toEqual((whole.outputs[name]!.data as Float32Array).slice(0, data.length))
		}
	})
})
