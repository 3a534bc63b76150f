import { expect, it } from 'vitest'
import { noiseTensor, relativeDistance, transformer } from '../graphs.test.support.js'
import { createEngine } from './create-engine.js'

it('cpu and wasm agree per sample on features and gradients', async () => {
	const graph = transformer(17, 64, 3, 4)
	const x = noiseTensor([4, 17, 64], 3)
	const [cpu, wasm] = await Promise.all(
		(['cpu', 'wasm'] as const).map(async (device) => {
			const engine = await createEngine({ device, threads: device === 'cpu' ? 2 : 1 })
			const outputs = await (await engine.compile(graph)).run({ x })
			await engine.close()
			return outputs
		}),
	)
	for (const name of ['features', 'dx', 'loss']) {
		const [a, b] = [cpu![name]!, wasm![name]!].map(({ data }) => data as Float32Array) as [Float32Array, Float32Array]
		const each = a.length / 4
		for (let sample = 0; sample < 4; sample++) {
			const part = (data: Float32Array) => data.subarray(sample * each, (sample + 1) * each)
			expect(part(a).some((value) => value !== 0)).toBe(true)
			expect(relativeDistance(part(b), part(a))).toBeLessThan(1e-4)
		}
	}
})
