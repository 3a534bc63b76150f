import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { float32, int64, ops, originate, tensor } from '../../onnx/index.js'
import type { ModelEngine } from '../engine.js'
import { createEngine } from './create-engine.js'

describe.each(['cpu', 'wasm'] as const)('errors of the engine on %s', (device) => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ device, threads: 1 })
	})
	afterAll(() => engine.close())
	const refusal = (promise: Promise<unknown>) =>
		promise.then(
			() => undefined,
			(error: unknown) => error as Error,
		)

	it('name where in the model a run failed, and leave the engine usable', async () => {
		const table = ops.input('table', 'float32', [3, 2])
		const row = ops.gather(table, ops.input('index', 'int64', ['B']), 0)
		const program = await engine.compile({ y: originate('text.tokenEmbedding', [row]) }, { name: 'lookup' })
		const feeds = { table: float32([3, 2], [1, 2, 3, 4, 5, 6]) }
		const error = await refusal(program.run({ ...feeds, index: int64([1], [7]) }))
		expect(error).toBeInstanceOf(NaptuneError)
		expect(error?.message).toMatch(/could not run program lookup in text\.tokenEmbedding: /)
		expect((await program.run({ ...feeds, index: int64([1], [2]) })).y!.data).toEqual(Float32Array.of(5, 6))
	})

	it('name where in the model a compilation failed', async () => {
		// ONNX Runtime has no double kernel for Erf.
		const y = originate('visual.layers.3.mlp.gelu', [ops.erf(ops.input('x', 'float64', [2]))])
		const error = await refusal(engine.compile({ y }, { name: 'double' }))
		expect(error).toBeInstanceOf(NaptuneError)
		expect(error?.message).toMatch(/could not compile program double in visual\.layers\.3\.mlp\.gelu: /)
		const fine = await engine.compile({ y: ops.tanh(ops.input('x', 'float64', [1])) })
		expect((await fine.run({ x: tensor('float64', [1], Float64Array.of(0)) })).y!.data).toEqual(Float64Array.of(0))
	})
})
