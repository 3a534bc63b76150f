import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { float32, int64 } from '../../core/tensor.js'
import { readModel } from '../../onnx/index.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { crossEntropyObjective } from '../objectives/objective.js'
import type { OnnxClassifierOptions } from '../onnx-file/onnx-classifier.js'
import { openOnnxClassifier } from './open-onnx-classifier.js'

const pathOf = (name: string) => fileURLToPath(new URL(`../../../fixtures/cases/onnx/${name}.onnx`, import.meta.url))
const images = float32(
	[2, 3, 32, 32],
	Float32Array.from({ length: 6144 }, (_, at) => ((at * 37) % 101) / 100),
)
const input = { normalisation: 'none' } as const
let engine: Engine

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

async function opened(name: string, options: OnnxClassifierOptions = {}) {
	return openOnnxClassifier(engine, pathOf(name), { input, ...options })
}

/** What the model itself gives, [2, 1]. */
async function raw(name: string): Promise<number[]> {
	const { ops } = await import('../../onnx/index.js')
	const pixels = ops.input('pixels', 'float32', ['B', 3, 32, 32])
	const { outputs } = readModel(await readFile(pathOf(name)), { inputs: { x: pixels } })
	const program = await engine.compile(outputs)
	const [first] = Object.values(await program.run({ pixels: images }))
	await program.release()
	return Array.from(first?.data as Float32Array)
}

describe('a model of one number per image', () => {
	it.each([
		['one-logit', 'output'],
		['one-sigmoid', 'before sigmoid'],
	])('is a model of two classes with the logits 0 and z: %s', async (name, from) => {
		const classifier = await opened(name)
		expect(classifier.classNames).toEqual(['0', '1'])
		expect(classifier.output.from).toBe(from)
		expect(classifier.notices.join('\n')).toContain('is one number per image: a model with two classes')
		const { logits } = await classifier.evaluate(images, ['logits'])
		const [a, b] = await raw('one-logit')
		expect(logits?.shape).toEqual([2, 2])
		expect(Array.from(logits?.data ?? [])).toEqual([0, a, 0, b])
		const objective = crossEntropyObjective
		const { loss, gradient } = await classifier.gradient(images, objective, { labels: int64([2], [1, 0]) })
		expect(loss?.data[0]).toBeCloseTo(Math.log1p(Math.exp(-(a ?? 0))), 4)
		expect(loss?.data[1]).toBeCloseTo(Math.log1p(Math.exp(b ?? 0)), 4)
		expect(Math.max(...(gradient.data as Float32Array).map(Math.abs))).toBeGreaterThan(0)
		await classifier.release()
	})

	it('of a probability that is declared, has their logarithms', async () => {
		const plain = await opened('one-sigmoid', { outputKind: 'logits' })
		const probability = (await plain.evaluate(images, ['logits'])).logits?.data
		await plain.release()
		const classifier = await opened('one-logit', { outputKind: 'probabilities' })
		expect(classifier.output.from).toBe('log of probabilities')
		await classifier.release()
		const z = await raw('one-logit')
		expect(Array.from(probability ?? [])).toEqual([
			0,
			expect.closeTo(1 / (1 + Math.exp(-(z[0] ?? 0))), 4),
			0,
			expect.anything(),
		])
	})

	it('takes two names', async () => {
		const classifier = await opened('one-logit', { classNames: ['cat', 'dog'] })
		expect(classifier.classNames).toEqual(['cat', 'dog'])
		await classifier.release()
		await expect(opened('one-logit', { classNames: ['cat'] })).rejects.toThrow('distinguishes 2 classes, but 1 names')
	})
})

it('says why a chosen class cannot be attacked', async () => {
	const message =
		/argmax\.onnx: The model has no output that could be logits, .*p \(int64 \[.*\]\) holds whole numbers, such as classes from ArgMax, which have no gradient; export the model without that step/
	await expect(opened('argmax')).rejects.toThrow(message)
	await expect(opened('argmax', { output: 'p' })).rejects.toThrow(/The output p \(int64 .*\) holds whole numbers/)
})
