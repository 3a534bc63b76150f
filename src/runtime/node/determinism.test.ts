import { describe, expect, it } from 'vitest'
import { float32, type Tensor } from '../../onnx/index.js'
import { noise, transformer } from '../graphs.test.support.js'
import { createEngine } from './create-engine.js'

const tokens = 9
const width = 96
const size = tokens * width
const pixels = noise(64 * size, 5)
const graph = transformer(tokens, width, 2, 3)

/** Outputs of the first sample, as bytes, for a batch that begins with it. */
async function firstSample(threads: number, batches: readonly number[]): Promise<string[]> {
	const engine = await createEngine({ threads })
	const program = await engine.compile(graph)
	const results: string[] = []
	for (const batch of batches) {
		const outputs = await program.run({ x: float32([batch, tokens, width], pixels.slice(0, batch * size)) })
		const bytes = ({ data, shape }: Tensor) =>
			Buffer.from(data.buffer, data.byteOffset, data.byteLength / shape[0]!).toString('base64')
		results.push(`${bytes(outputs.features!)} ${bytes(outputs.loss!)} ${bytes(outputs.dx!)}`)
	}
	await engine.close()
	return results
}

describe('on the CPU, MatMul, Softmax, LayerNormalization and their gradients', () => {
	it('give the same bytes for every thread count and batch size', async () => {
		const batches = [1, 2, 17, 64]
		const [reference, ...others] = (await Promise.all([1, 2, 4].map((threads) => firstSample(threads, batches)))).flat()
		expect(others).toHaveLength(11)
		for (const other of others) expect(other).toBe(reference)
	})
})
