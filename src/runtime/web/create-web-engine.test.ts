import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { float32, ops, serializeModel } from '../../onnx/index.js'
import type { ModelEngine } from '../engine.js'
import { noiseTensor, relativeDistance, transformer } from '../graphs.test.support.js'
import { createEngine } from '../node/create-engine.js'
import { createWebEngine } from './create-web-engine.js'

// In Node.js, where onnxruntime-web runs as well; src/browser.test.ts has it in Chromium.
describe('an engine of onnxruntime-web in the thread of its caller', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createWebEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	it('says what it is', async () => {
		expect(engine).toMatchObject({ device: 'wasm', threads: 1, fixedBatch: 1 })
		expect(engine.version).toMatch(/^onnxruntime-web \d/)
		expect(await engine.memory()).toEqual({ residentBytes: 0, programs: [] })
	})

	it('computes what the native engine does', async () => {
		const graph = transformer(17, 64, 2, 4)
		const x = noiseTensor([4, 17, 64], 3)
		const native = await createEngine({ threads: 1 })
		const expected = await (await native.compile(graph)).run({ x })
		await native.close()
		const program = await engine.compile(graph, { name: 'transformer' })
		const found = await program.run({ x })
		for (const [name, { data }] of Object.entries(expected)) {
			expect(relativeDistance(found[name]?.data as Float32Array, data as Float32Array), name).toBeLessThan(1e-4)
		}
		expect((await engine.memory()).programs).toEqual([{ name: 'transformer', modelBytes: program.modelBytes }])
		await program.release()
		expect((await engine.memory()).programs).toEqual([])
	})

	it('reads weights from contents that were handed in, at their offset', async () => {
		const content = new Uint8Array(Float32Array.of(9, 1, 2, 3, 4).buffer)
		const reference = { file: 'model.safetensors', content, offset: 4, length: 16 }
		const y = ops.matmul(ops.input('x', 'float32', ['B', 2]), ops.external('w', 'float32', [2, 2], reference))
		for (const prepack of [true, false]) {
			const program = await engine.compile({ y }, { prepack })
			const { y: rows } = await program.run({ x: float32([1, 2], [1, 10]) })
			expect(rows?.data).toEqual(Float32Array.of(31, 42))
			await program.release()
		}
	})

	it('refuses weights in files', async () => {
		const y = ops.neg(ops.external('w', 'float32', [1], { file: '/a/w.bin', offset: 0, length: 4 }))
		await expect(engine.compile({ y })).rejects.toThrow(/file \/a\/w\.bin, but a browser has no files/)
		await expect(engine.compileModel(serializeModel({ y }))).rejects.toThrow(NaptuneError)
	})

	it('runs calls that overlap one after the other, and leaves what was fed usable and unread later', async () => {
		const program = await engine.compile({ y: ops.mul(ops.input('x', 'float32', ['B']), 2) })
		const fed = float32([2], [1, 2])
		const runs = [program.run({ x: fed }), program.run({ x: fed })]
		fed.data.fill(7)
		for (const { y } of await Promise.all(runs)) expect(y?.data).toEqual(Float32Array.of(2, 4))
		const kept = await program.runAndKeep({ x: fed }, ['y'])
		const { y } = await program.run({ x: kept.kept.y ?? fed })
		expect(y?.data).toEqual(Float32Array.of(28, 28))
		await kept.kept.y?.release()
	})

	it('tells errors in terms of the graph', async () => {
		const index = ops.input('index', 'int64', ['B'])
		const program = await engine.compile(
			{ y: ops.gather(ops.input('t', 'float32', [3, 2]), index, 0) },
			{ name: 'look' },
		)
		const run = program.run({
			t: float32([3, 2], [1, 2, 3, 4, 5, 6]),
			index: { type: 'int64', shape: [1], data: BigInt64Array.of(7n) },
		})
		await expect(run).rejects.toThrow(/could not run program look/)
	})

	it('refuses what cannot be had', async () => {
		await expect(createWebEngine({ threads: 0 })).rejects.toThrow('number of threads must be a whole number')
		await expect(createWebEngine({ threads: 1, fixedBatch: 0 })).rejects.toThrow('fixed batch of an engine must be')
		await expect(createWebEngine({ threads: 2 })).rejects.toThrow('one runtime per page, which runs with 1 threads')
		await expect(createWebEngine({ threads: 1, wasmPaths: '/ort/' })).rejects.toThrow(
			'1 threads and /ort/ were requested',
		)
	})

	it('is of no use once closed', async () => {
		const other = await createWebEngine({ threads: 1, fixedBatch: 4 })
		expect(other.fixedBatch).toBe(4)
		const program = await other.compile({ y: ops.neg(ops.input('x', 'float32', ['B'])) })
		await Promise.all([other.close(), other.close()])
		await expect(program.run({ x: float32([1], [1]) })).rejects.toThrow('The engine was closed; create a new engine.')
		await program.release()
	})
})
