import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '../../runtime/index.js'
import { float32, grad, int64, nodesInOrder, ops, readModel, serializeModel, type Value } from '../index.js'
import { readModelFile, weightsBelow, writeModel } from './index.js'

let folder: string
let engine: Engine
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-write-'))
	engine = await createEngine({ threads: 1 })
})
afterAll(async () => {
	await engine.close()
	await rm(folder, { recursive: true })
})

const weights = Float32Array.from({ length: 24 }, (_, at) => Math.sin(at))
const x = ops.input('x', 'float32', ['B', 4])

/** A weight [6, 4] that starts at an odd byte of a file, as in a safetensors file. */
function weightIn(file: string): Value {
	return ops.external('weight', 'float32', [6, 4], { file, offset: 13, length: 96 })
}

async function writeWeights(file: string): Promise<void> {
	await writeFile(file, Buffer.concat([Buffer.alloc(13), Buffer.from(weights.buffer)]))
}

function network(weight: Value): Record<string, Value> {
	const logits = ops.linear(
		ops.layerNorm(x, ops.literal(float32([4], [1, 2, 3, 4])), ops.literal(float32([4], [0, 0, 1, 1]))),
		weight,
		null,
	)
	const loss = ops.crossEntropy(logits, ops.input('labels', 'int64', ['B']))
	return { logits, loss, dx: grad(loss, [x])[0]! }
}

const feeds = { x: float32([2, 4], [1, 2, 3, 5, -1, 0.5, 0, 2]), labels: int64([2], [5, 0]) }

async function run(outputs: Record<string, Value>): Promise<Record<string, number[]>> {
	const program = await engine.compile(outputs)
	const results = await program.run(feeds)
	await program.release()
	return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array)]))
}

describe('writeModel', () => {
	it('writes a file that ONNX Runtime loads by its path, weights beside it by reference', async () => {
		await mkdir(join(folder, 'parts'), { recursive: true })
		const file = join(folder, 'parts', 'weights.bin')
		await writeWeights(file)
		const path = join(folder, 'model.onnx')
		const { bytes } = await writeModel(path, network(weightIn(file)))
		expect(bytes.length).toBeLessThan(6000)
		const session = await InferenceSession.create(path, { logSeverityLevel: 3 })
		const results = await session.run({
			x: new OrtTensor('float32', feeds.x.data, [2, 4]),
			labels: new OrtTensor('int64', feeds.labels.data, [2]),
		})
		const expected = await run(network(weightIn(file)))
		for (const [name, values] of Object.entries(expected)) {
			expect(Array.from(results[name]!.data as Float32Array), name).toEqual(values)
		}
		await session.release()
		expect((await readdir(folder)).sort()).toEqual(['model.onnx', 'parts'])
	})

	it('refuses weights outside the folder, links out of it and missing ones, and writes nothing', async () => {
		const inner = join(folder, 'inner')
		await mkdir(inner)
		const outside = join(folder, 'outside.bin')
		await writeWeights(outside)
		await symlink(outside, join(inner, 'link.bin'))
		const path = join(inner, 'model.onnx')
		await expect(writeModel(path, network(weightIn(outside)))).rejects.toThrow('outside its folder')
		await expect(writeModel(path, network(weightIn(join(inner, 'link.bin'))))).rejects.toThrow('outside its folder')
		await expect(writeModel(path, network(weightIn(join(inner, 'no.bin'))))).rejects.toThrow('cannot be read')
		const held = ops.external('weight', 'float32', [6, 4], {
			file: 'w',
			content: new Uint8Array(96),
			offset: 0,
			length: 96,
		})
		await expect(writeModel(path, network(held))).rejects.toThrow('weights that exist only in memory: w')
		await expect(writeModel(join(folder, 'no', 'model.onnx'), network(weightIn(outside)))).rejects.toThrow(
			'create it first',
		)
		expect(await readdir(inner)).toEqual(['link.bin'])
	})
})

describe('round trip', () => {
	it('reads back what was written, which can then be differentiated like the original', async () => {
		const file = join(folder, 'weights.bin')
		await writeWeights(file)
		const original = network(weightIn(file))
		const path = join(folder, 'forward.onnx')
		await writeModel(path, { logits: original.logits!, loss: original.loss! })
		const model = await readModelFile(path)
		expect(model.opset).toBe(20)
		expect(model.producer).toBe('naptune')
		expect(model.inputs.map(({ source, type, shape }) => [source, type, shape])).toEqual([
			[{ kind: 'input', name: 'x' }, 'float32', ['B', 4]],
			[{ kind: 'input', name: 'labels' }, 'int64', ['B']],
		])
		const { logits, loss } = model.outputs
		const [dx] = grad(loss!, [model.inputs[0]!])
		expect(await run({ logits: logits!, loss: loss!, dx: dx! })).toEqual(await run(original))
		// A gradient program is a model like any other.
		const whole = readModel(serializeModel(original).bytes, { weights: weightsBelow(folder) })
		expect(await run({ ...whole.outputs })).toEqual(await run(original))
	})

	it('keeps origins, and writes the same bytes from what it read but for the names of outputs', () => {
		const y = ops.tanh(ops.add(x, 1))
		const first = serializeModel({ y }).bytes
		const again = readModel(first)
		expect(nodesInOrder(Object.values(again.outputs)).map(({ operator }) => operator)).toEqual([
			'Add',
			'Tanh',
			'Identity',
		])
		const second = serializeModel(again.outputs).bytes
		expect(serializeModel(readModel(first).outputs).bytes).toEqual(second)
	})

	it('keeps the text that a model carries', async () => {
		const path = join(folder, 'metadata.onnx')
		await writeModel(path, { y: ops.tanh(x) }, { names: '["cat","großer Hund"]', size: '32' })
		const { metadataProps } = fromBinary(ModelProtoSchema, await readFile(path))
		expect(metadataProps.map(({ key, value }) => [key, value])).toEqual([
			['names', '["cat","großer Hund"]'],
			['size', '32'],
		])
	})
})
