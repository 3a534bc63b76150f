import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { imageShape, networkGraph, randomBatch } from '../../classifier/graphs.test.support.js'
import { sha256OfFile } from '../../files/sha256.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { writeModel } from '../../onnx/files/index.js'
import { ops } from '../../onnx/index.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { openSurrogate } from './open-surrogate.js'

const classNames = ['cat', 'dog', 'ship']

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** A network of three classes as a file, with text about it. */
async function written(metadata: Readonly<Record<string, string>>): Promise<string> {
	const path = join(await temporaryFolder(), 'surrogate.onnx')
	const { logits, hidden } = networkGraph(3)(ops.input('pixels', 'float32', ['B', ...imageShape])) as Record<
		'logits' | 'hidden',
		ReturnType<typeof ops.input>
	>
	await writeModel(path, { logits, features: ops.reshape(hidden, [-1, 4, 3, 2]) })
	// A message of protocol buffers is continued by writing after its end; metadata is field 14 of key (1) and value (2).
	const field = (number: number, bytes: Buffer) => Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes])
	for (const [key, value] of Object.entries(metadata)) {
		await appendFile(path, field(14, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))])))
	}
	return path
}

describe('openSurrogate', () => {
	it('believes what files of this project say of themselves', async () => {
		const path = await written({
			kind: 'naptune surrogate classifier',
			class_names: JSON.stringify(['dog', 'cat', 'ship']),
			input_layout: 'NCHW',
			input_range: '[0, 1]',
			normalization: JSON.stringify({ inside: true }),
		})
		const { name, sha256, classifier, notices } = await openSurrogate(engine, path, classNames)
		expect([name, sha256, notices]).toEqual(['surrogate.onnx', await sha256OfFile(path), []])
		expect(classifier.classNames).toEqual(['dog', 'cat', 'ship'])
		await classifier.release()
	})

	it('reads other outputs as taps, with the values that the graph gives them', async () => {
		const path = await written({
			kind: 'naptune surrogate substitute',
			input_layout: 'NCHW',
			input_range: '[0, 1]',
			normalization: JSON.stringify({ inside: true }),
		})
		const { classifier } = await openSurrogate(engine, path, ['anything'])
		expect([...classifier.taps].sort()).toEqual(['features', 'logits'])
		const { images } = randomBatch([0, 1, 2])
		const { features, logits } = await classifier.evaluate(images, ['features', 'logits'])
		expect(features!.shape).toEqual([3, 4, 3, 2])
		const program = await engine.compile(networkGraph(3)(ops.input('pixels', 'float32', ['B', ...imageShape])))
		const expected = await program.run({ pixels: images })
		expect(features!.data).toEqual(expected.hidden!.data)
		expect(logits!.data).toEqual(expected.logits!.data)
		await program.release()
		await classifier.release()
	})

	it('tells models of one file apart that are given pixels in different ways', async () => {
		const path = await written({})
		const reads = async (...input: Parameters<typeof openSurrogate>[3][]) => {
			const { classifier, reads } = await openSurrogate(engine, path, classNames, input[0])
			await classifier.release()
			return reads
		}
		const plain = await reads({ input: { normalisation: 'none' } })
		expect(plain).toMatchObject({ input: { mean: [0, 0, 0], range: '0..1' }, output: { name: 'logits' } })
		expect(await reads({ input: { normalisation: 'imagenet' } })).not.toEqual(plain)
		// A guess that is right comes to the same images.
		const guessed = await reads()
		expect(await reads({ input: { normalisation: 'imagenet' } })).toEqual(guessed)
	})

	it("takes classes without names to be the data's, and says so", async () => {
		const { classifier, notices } = await openSurrogate(engine, await written({}), classNames)
		expect(classifier.classNames).toEqual(classNames)
		expect(notices.at(-1)).toMatch(/surrogate.onnx names no classes/)
		await classifier.release()
		await expect(openSurrogate(engine, await written({}), ['cat', 'dog'])).rejects.toThrow(
			/distinguishes 3 classes but names none; the data has 2/,
		)
		await expect(openSurrogate(engine, '/nowhere/x.onnx', classNames)).rejects.toThrow(/Cannot read the model .*x.onnx/)
	})
})
