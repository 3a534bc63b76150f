import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TensorProto_DataLocation } from 'onnx-buf'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { model } from '../../onnx/models.test.support.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { openOnnxClassifier } from './open-onnx-classifier.js'

let engine: Engine

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

const bytes = model({
	inputs: { x: { elemType: 1, shape: ['N', 3, 4, 5] } },
	nodes: [
		{ opType: 'Flatten', input: ['x'], output: ['f'] },
		{ opType: 'MatMul', input: ['f', 'w'], output: ['logits'] },
	],
	initializers: [
		{
			name: 'w',
			dataType: 1,
			dims: [60n, 3n],
			floatData: [],
			dataLocation: TensorProto_DataLocation.EXTERNAL,
			externalData: [{ key: 'location', value: 'weights.bin' }],
		},
	],
	outputs: ['logits'],
})
const weights = Buffer.from(Float32Array.from({ length: 180 }, (_, at) => Math.sin(at)).buffer)

it('refuses weights that a link takes from outside the folder of the model', async () => {
	const root = await temporaryFolder()
	await mkdir(join(root, 'model'))
	await writeFile(join(root, 'model', 'model.onnx'), bytes)
	await writeFile(join(root, 'elsewhere.bin'), weights)
	await symlink(join('..', 'elsewhere.bin'), join(root, 'model', 'weights.bin'))
	await expect(openOnnxClassifier(engine, join(root, 'model', 'model.onnx'))).rejects.toThrow(
		/weights\.bin is a link to .*elsewhere\.bin, outside the folder of the model; only files inside that folder are allowed/,
	)
})

it('reads those of a hub cache, whose models are links to the same folder', async () => {
	const root = await temporaryFolder()
	await mkdir(join(root, 'blobs'))
	await mkdir(join(root, 'snapshot'))
	await writeFile(join(root, 'blobs', 'a1'), bytes)
	await writeFile(join(root, 'blobs', 'b2'), weights)
	await symlink(join('..', 'blobs', 'a1'), join(root, 'snapshot', 'model.onnx'))
	await symlink(join('..', 'blobs', 'b2'), join(root, 'snapshot', 'weights.bin'))
	const classifier = await openOnnxClassifier(engine, join(root, 'snapshot', 'model.onnx'))
	expect(classifier.classNames).toHaveLength(3)
	await classifier.release()
})
