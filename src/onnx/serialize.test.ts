import { fromBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '../runtime/index.js'
import { float32, grad, ops, serializeModel, tensor, type Value } from './index.js'

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

const x = ops.input('x', 'float32', ['B', 3])

function graphOf(outputs: Record<string, Value>) {
	return fromBinary(ModelProtoSchema, serializeModel(outputs).bytes).graph!
}

describe('serializeModel', () => {
	it('declares inputs and outputs with their symbolic sizes', () => {
		const model = serializeModel({ rows: ops.reshape(ops.unsqueeze(x, [2]), [-1]) })
		expect(model.inputs).toEqual([{ name: 'x', type: 'float32', shape: ['B', 3] }])
		expect(model.outputs).toEqual([{ name: 'rows', type: 'float32', shape: ['3*B'] }])
		expect(model.externalDirectory).toBeUndefined()
	})

	it('stores equal small constants once, large ones by identity, and keeps shapes and types apart', () => {
		const large = tensor('float32', [100], new Float32Array(100))
		const sameData = ops.literal(tensor('float32', [10, 10], large.data))
		let y = ops.mul(ops.add(ops.mul(x, 2), 2), 2)
		y = ops.add(y, ops.reduceSum(ops.literal(large)))
		y = ops.add(y, ops.reduceSum(ops.literal(large)))
		y = ops.add(y, ops.reduceSum(sameData))
		y = ops.add(y, ops.literal(float32([1], [2])))
		y = ops.add(y, ops.cast(ops.add(ops.cast(y, 'int64'), 2), 'float32'))
		const shapes = graphOf({ y }).initializer.map(({ dims, dataType }) => `${dataType} [${dims}]`)
		expect(shapes).toEqual(['1 []', '1 [100]', '1 [10,10]', '1 [1]', '7 []'])
	})

	it('stores references to the same bytes once', () => {
		const reference = { file: '/somewhere/weights.bin', offset: 8, length: 36 }
		const weight = () => ops.external('w', 'float32', [3, 3], reference)
		const other = ops.external('w', 'float32', [9], reference)
		const y = ops.matmul(ops.matmul(x, weight()), weight())
		const { initializer } = graphOf({ y: ops.add(y, ops.reduceSum(other)) })
		expect(initializer).toHaveLength(2)
		const model = serializeModel({ y })
		expect(model.externalFiles).toEqual(['/somewhere/weights.bin'])
		expect(model.externalDirectory).toBe('/somewhere')
	})

	it('refers to weights in several directories, unless they would get one name', () => {
		const weight = (file: string) => ops.external('w', 'float32', [3], { file, offset: 0, length: 12 })
		const model = serializeModel({ y: ops.add(weight('/a/1.bin'), weight('/b/2.bin')) })
		expect(model.externalFiles).toEqual(['/a/1.bin', '/b/2.bin'])
		expect(model.externalDirectory).toBeUndefined()
		expect(() => serializeModel({ y: ops.add(weight('/a/1.bin'), weight('/b/1.bin')) })).toThrow(
			'uses weights of /a/1.bin and of /b/1.bin, which it would both call 1.bin',
		)
	})

	it('carries files in memory by what the model calls them', () => {
		const content = new Uint8Array(12)
		const weight = (file: string, own: Uint8Array) =>
			ops.external('w', 'float32', [3], { file, content: own, offset: 0, length: 12 })
		const resolveFile = () => expect.unreachable('nothing is on disk')
		const model = serializeModel({ y: ops.add(weight('a.bin', content), weight('a.bin', content)) }, { resolveFile })
		expect(model.externalFiles).toEqual([])
		expect([...model.externalContents]).toEqual([['a.bin', content]])
		expect(() => serializeModel({ y: ops.add(weight('a.bin', content), weight('a.bin', new Uint8Array(12))) })).toThrow(
			'both call a.bin',
		)
		expect(() => weight('a.bin', new Uint8Array(11))).toThrow('which has only 11')
	})

	it('leaves out what no output needs: unread results and omitted operands', () => {
		const scale = ops.input('scale', 'float32', [3])
		const y = ops.layerNorm(x, scale, ops.input('bias', 'float32', [3]))
		expect(graphOf({ y }).node[0]!.output).toHaveLength(1)
		expect(graphOf({ y, dx: grad(y, [x])[0]! }).node[0]!.output).toHaveLength(3)
		expect(graphOf({ y: ops.clip(x, null, null) }).node[0]!.input).toEqual(['x'])
		expect(graphOf({ y: ops.topK(x, 2).values }).node[0]!.output).toHaveLength(2)
	})

	it('survives inputs and outputs named like its own names', async () => {
		const names = ['constant_0', 'Add_0_0', 'Mul_1_0', '_constant_0', 'weight_0_w']
		const inputs = names.map((name) => ops.input(name, 'float32', [1]))
		const y = ops.mul(
			ops.add(
				inputs.reduce((a, b) => ops.add(a, b)),
				1,
			),
			2,
		)
		const program = await engine.compile({ Add_1_0: y, constant_1: ops.neg(y) })
		const feeds = Object.fromEntries(names.map((name, at) => [name, float32([1], [at])]))
		const results = await program.run(feeds)
		expect(results.Add_1_0!.data).toEqual(Float32Array.of(22))
		expect(results.constant_1!.data).toEqual(Float32Array.of(-22))
	})

	it('explains names that collide and graphs without outputs', () => {
		const other = ops.input('x', 'float32', ['B', 4])
		expect(() => serializeModel({ y: ops.concat([x, other], 1) })).toThrow(
			'Two inputs are named x: float32 [B, 3] and float32 [B, 4]',
		)
		expect(() => serializeModel({ x: ops.neg(x) })).toThrow('Input and output are both named x')
		expect(() => serializeModel({})).toThrow('at least one output')
	})

	it('is exact about the bytes of constants of every type', async () => {
		const literals = {
			float64: ops.literal(tensor('float64', [2], Float64Array.of(1 / 3, Number.NEGATIVE_INFINITY))),
			int64: ops.literal(tensor('int64', [2], BigInt64Array.of(-(2n ** 63n), 2n ** 62n))),
			int32: ops.literal(tensor('int32', [2], Int32Array.of(-5, 7))),
			bool: ops.literal(tensor('bool', [2], Uint8Array.of(1, 0))),
			// A view into the middle of a buffer.
			float32: ops.literal(tensor('float32', [2], Float32Array.of(9, 1, 2, 9).subarray(1, 3))),
		}
		const program = await engine.compile(literals)
		const results = await program.run({})
		for (const [name, { source }] of Object.entries(literals)) {
			expect(results[name]!.data).toEqual((source as { tensor: { data: unknown } }).tensor.data)
		}
	})
})

it('builds, differentiates and serialises a deep graph without overflowing the stack', () => {
	let y: Value = x
	for (let depth = 0; depth < 20_000; depth++) y = ops.add(ops.tanh(y), x)
	const model = serializeModel({ y, dx: grad(ops.reduceSum(y), [x])[0]! })
	expect(model.nodeOrigins.size).toBeGreaterThan(100_000)
})
