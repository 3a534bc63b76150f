import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { float32, int64, ops, tensor } from '../../onnx/index.js'
import type { Device, ModelEngine } from '../engine.js'
import { createEngine } from './create-engine.js'

describe('createEngine', () => {
	it('refuses unknown devices and thread counts', async () => {
		await expect(createEngine({ device: 'gpu' as Device })).rejects.toThrow(
			/Unknown device gpu; choose one of cpu, cuda/,
		)
		for (const threads of [0, -1, 1.5, Number.NaN]) {
			await expect(createEngine({ threads })).rejects.toThrow(/threads must be a whole number/)
		}
	})

	it('explains a device that this machine does not have', async () => {
		const absent: Device = process.platform === 'win32' ? 'coreml' : 'dml'
		const error = await createEngine({ device: absent }).then(
			() => undefined,
			(reason: unknown) => reason,
		)
		expect(error).toBeInstanceOf(NaptuneError)
		expect((error as Error).message).toMatch(/Device \w+ is not in this build of onnxruntime-node, which has: .*cpu/)
	})
})

describe.each(['cpu', 'wasm'] as const)('an engine on %s', (device) => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ device, threads: 2 })
	})
	afterAll(() => engine.close())
	const x = ops.input('x', 'float32', ['B', 2])

	it('says what it is', async () => {
		expect(engine.device).toBe(device)
		expect(engine.threads).toBe(2)
		expect(engine.version).toMatch(device === 'cpu' ? /^onnxruntime-node \d+\.\d+/ : /^onnxruntime-web \d+\.\d+/)
	})

	it('runs all element types', async () => {
		const i = ops.input('i', 'int64', ['B'])
		const b = ops.input('b', 'bool', ['B'])
		const d = ops.input('d', 'float64', ['B'])
		const program = await engine.compile({
			i1: ops.add(i, 1),
			k1: ops.cast(ops.add(i, -1), 'int32'),
			b1: ops.not(b),
			d1: ops.mul(d, 2),
		})
		const { i1, k1, b1, d1 } = await program.run({
			i: int64([2], [7, -1]),
			b: tensor('bool', [2], Uint8Array.of(0, 1)),
			d: tensor('float64', [2], Float64Array.of(0.1, -3)),
		})
		expect(i1).toEqual(int64([2], [8, 0]))
		expect(k1).toEqual(tensor('int32', [2], Int32Array.of(6, -2)))
		expect(b1).toEqual(tensor('bool', [2], Uint8Array.of(1, 0)))
		expect(d1).toEqual(tensor('float64', [2], Float64Array.of(0.2, -6)))
	})

	it('computes only the outputs that are asked for', async () => {
		const program = await engine.compile({ sum: ops.add(x, x), square: ops.mul(x, x) }, { name: 'two' })
		expect(program.inputs).toEqual(['x'])
		expect(program.outputs).toEqual(['sum', 'square'])
		const feeds = { x: float32([1, 2], [3, 4]) }
		expect(await program.run(feeds, { outputs: ['square'] })).toEqual({ square: float32([1, 2], [9, 16]) })
		await expect(program.run(feeds, { outputs: ['cube'] })).rejects.toThrow(
			/Program two has no output cube; its outputs are: sum, square/,
		)
		await expect(program.run(feeds, { outputs: [] })).rejects.toThrow(/asked for no outputs/)
	})

	it('returns buffers that no later run touches', async () => {
		const program = await engine.compile({ y: ops.identity(x), z: ops.add(x, 1) })
		const feed = float32([1, 2], [1, 2])
		const first = await program.run({ x: feed })
		const second = await program.run({ x: float32([1, 2], [5, 6]) })
		first.y!.data.fill(0 as never)
		expect(feed.data).toEqual(Float32Array.of(1, 2))
		expect(first.z!.data).toEqual(Float32Array.of(2, 3))
		expect(second).toEqual({ y: float32([1, 2], [5, 6]), z: float32([1, 2], [6, 7]) })
		expect(second.y!.data.buffer).not.toBe(second.z!.data.buffer)
	})

	it('accepts a batch of none', async () => {
		const program = await engine.compile({ y: ops.mul(x, 2) })
		expect(await program.run({ x: float32([0, 2], []) })).toEqual({ y: float32([0, 2], []) })
	})

	it('copies feeds, or moves them when told to', async () => {
		const program = await engine.compile({ y: ops.add(ops.mul(x, 2), ops.input('z', 'float32', ['B', 2])) })
		const data = Float32Array.of(1, 2)
		const both = { x: float32([1, 2], data), z: float32([1, 2], data) }
		expect((await program.run(both)).y!.data).toEqual(Float32Array.of(3, 6))
		expect(data.length).toBe(2)
		expect((await program.run(both, { transfer: true })).y!.data).toEqual(Float32Array.of(3, 6))
		expect(data.length).toBe(0)
		await expect(program.run(both)).rejects.toThrow(/was its buffer transferred/)
	})

	it('keeps a moved feed when the call is refused', async () => {
		const program = await engine.compile({ y: ops.mul(x, 2) })
		const data = Float32Array.of(1, 2, 3)
		await expect(program.run({ x: float32([1, 3], data) }, { transfer: true })).rejects.toThrow(/size 3 is not 2/)
		expect(data.length).toBe(3)
	})

	it('keeps tensors between runs', async () => {
		const program = await engine.compile({ next: ops.mul(x, 2), sum: ops.reduceSum(x, [0, 1], false) })
		const given = float32([1, 2], [1, 2])
		let state = await engine.upload(given)
		expect(given.data.length).toBe(2)
		for (let step = 0; step < 5; step++) {
			const { tensors, kept } = await program.runAndKeep({ x: state }, ['next'], { outputs: ['sum'] })
			expect(tensors.sum!.data[0]).toBe(3 * 2 ** step)
			expect(Object.keys(tensors)).toEqual(['sum'])
			await state.release()
			state = kept.next!
		}
		expect(state.shape).toEqual([1, 2])
		expect((await program.run({ x: state })).sum!.data[0]).toBe(96)
		await state.release()
		await state.release()
		await expect(program.run({ x: state })).rejects.toThrow(/resident tensor was released/)
	})

	it('moves an upload when told to and checks it', async () => {
		const given = float32([2], [1, 2])
		await engine.upload(given, { transfer: true })
		expect(given.data.length).toBe(0)
		await expect(engine.upload(given)).rejects.toThrow(/0 elements of data/)
	})

	it('refuses a released program and reports the others', async () => {
		const program = await engine.compile({ y: ops.add(x, 1) }, { name: 'short-lived' })
		const named = async () => (await engine.memory()).programs.filter(({ name }) => name === 'short-lived')
		expect(await named()).toEqual([{ name: 'short-lived', modelBytes: program.modelBytes }])
		expect((await engine.memory()).residentBytes).toBeGreaterThan(1e6)
		await program.release()
		await program.release()
		expect(await named()).toEqual([])
		await expect(program.run({ x: float32([1, 2], [1, 2]) })).rejects.toThrow(/Program short-lived was released/)
	})

	it('answers runs in order, many at a time', async () => {
		const program = await engine.compile({ y: ops.mul(x, 3) })
		const answers = await Promise.all(
			Array.from({ length: 50 }, (_, index) => program.run({ x: float32([1, 2], [index, 0]) })),
		)
		expect(answers.map(({ y }) => y!.data[0])).toEqual(Array.from({ length: 50 }, (_, index) => 3 * index))
	})
})

it('refuses resident tensors of another engine', async () => {
	const [one, two] = await Promise.all([createEngine({ threads: 1 }), createEngine({ threads: 1 })])
	const program = await one.compile({ y: ops.relu(ops.input('x', 'float32', [1])) })
	const foreign = await two.upload(float32([1], [1]))
	await expect(program.run({ x: foreign })).rejects.toThrow(/resident tensor belongs to another engine/)
	await Promise.all([one.close(), two.close()])
})
