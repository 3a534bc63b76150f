import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, it } from 'vitest'
import { entry } from '../core/at.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { float32, ops } from '../onnx/graph.js'
import { createEngine } from '../runtime/index.js'
import { exportedProgram, runForOutput } from './exported-program.js'
import { placeFolder, writeFiles } from './folder.js'
import { modelFiles, modelMessage } from './model-message.js'

const matrix = (first: number) =>
	ops.literal(
		float32(
			[40, 40],
			Float32Array.from({ length: 1600 }, (_, at) => Math.sin(first + at)),
		),
	)

const message = () => {
	const x = ops.input('pixel_values', 'float32', ['batch_size', 40])
	return modelMessage({ logits: ops.linear(ops.linear(x, matrix(1), null), matrix(2), null) }, { names: '["a"]' })
}

it('puts weights that are too many for one file into another, which onnxruntime and the engine find', async () => {
	const folder = await temporaryFolder()
	const one = modelFiles('one.onnx', await message())
	const two = modelFiles('onnx/two.onnx', await message(), 1000)
	expect([...one, ...two].map(({ path }) => path)).toEqual(['one.onnx', 'onnx/two.onnx', 'onnx/two.onnx_data'])
	await writeFiles(folder, [...one, ...two])
	expect((await readFile(join(folder, 'onnx', 'two.onnx_data'))).byteLength).toBe(2 * 4096 + 1600 * 4)
	const x = Float32Array.from({ length: 80 }, (_, at) => Math.cos(at))
	const run = async (file: string) => {
		const session = await InferenceSession.create(join(folder, file))
		const found = await session.run({ pixel_values: new Tensor('float32', x, [2, 40]) })
		return [...(entry(found, 'logits').data as Float32Array)]
	}
	const expected = await run('one.onnx')
	expect(await run('onnx/two.onnx')).toEqual(expected)
	const engine = await createEngine({ threads: 1 })
	try {
		const program = await exportedProgram(engine, folder, {
			role: 'classifier',
			file: 'onnx/two.onnx',
			opset: 20,
			inputs: [{ name: 'pixel_values', type: 'float32', shape: ['batch_size', 40] }],
			outputs: [{ name: 'logits', type: 'float32', shape: ['batch_size', 40] }],
		})
		const { data } = await runForOutput(program, { pixel_values: float32([2, 40], x) }, 'logits')
		expect([...data]).toEqual(expected)
	} finally {
		await engine.close()
	}
})

it('leaves a folder as it was where what should replace it fails', async () => {
	const place = await temporaryFolder()
	const folder = join(place, 'deep', 'export')
	const file = (text: string) => [{ path: 'a.txt', chunks: [Buffer.from(text)] }]
	await placeFolder(folder, (staging) => writeFiles(staging, file('first')))
	const failing = placeFolder(folder, async (staging) => {
		await writeFiles(staging, file('second'))
		throw new Error('refused')
	})
	await expect(failing).rejects.toThrow('refused')
	expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('first')
	await placeFolder(folder, (staging) => writeFiles(staging, file('third')))
	expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('third')
	expect(await readdir(join(place, 'deep'))).toEqual(['export'])
})
