import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { gradientMultiplyAdds } from '../evaluation/robustness/gradient-cost.js'
import type { Engine } from '../runtime/engine.js'
import { createEngine } from '../runtime/index.js'
import { parseClipConfig } from '../vlm/config.js'
import { benchGradient, benchModels, gradientBenchSchema } from './bench-gradient.js'
import { writeBenchWeights } from './bench-weights.js'

const small = (patch_size: number) => ({
	model_type: 'clip',
	vision_config: {
		image_size: 48,
		patch_size,
		hidden_size: 192,
		intermediate_size: 768,
		num_hidden_layers: 3,
		num_attention_heads: 3,
	},
})
const models = [
	{ name: 'small/16', config: small(16) },
	{ name: 'small/8', config: small(8) },
]

let engine: Engine
let directory: string
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	directory = await mkdtemp(join(tmpdir(), 'naptune-bench-test-'))
})
afterAll(async () => {
	await engine.close()
	await rm(directory, { recursive: true, force: true })
})

describe('benchGradient', () => {
	it.each([true, false])('measures what it says (pre-packed weights: %s)', async (prepack) => {
		const told: string[] = []
		const result = await benchGradient(engine, {
			models,
			batches: [2, 8],
			rounds: 2,
			matmulSizes: [64, 256],
			prepack,
			directory,
			onProgress: (done, total, next) => told.push(`${done}/${total} ${next}`),
		})
		// What the command prints as JSON.
		expect(gradientBenchSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
		expect(result).toMatchObject({ engine: engine.version, device: 'cpu', threads: 1, prepack, rounds: 2 })
		expect([64, 256]).toContain(result.matmul.size)
		expect(result.cases.map(({ model, batch }) => `${model} ${batch}`)).toEqual([
			'small/16 2',
			'small/16 8',
			'small/8 2',
			'small/8 8',
		])
		for (const { model, gflops, ratio, msPerImage, peakMemoryMB } of result.cases) {
			const { vision } = parseClipConfig(models.find(({ name }) => name === model)!.config)
			expect(gflops * msPerImage * 1e6).toBeCloseTo(2 * gradientMultiplyAdds(vision, 512, 100), 0)
			expect(ratio).toBeCloseTo(gflops / result.matmul.gflops, 9)
			// Neither faster than arithmetic allows nor lost in overhead.
			expect(ratio).toBeGreaterThan(0.01)
			expect(ratio).toBeLessThan(3)
			expect(peakMemoryMB).toBeGreaterThan(20)
			expect(peakMemoryMB * 1e6).toBeLessThan(20e9)
		}
		expect(told[0]).toBe('0/7 writing random weights')
		expect(told.at(-1)).toBe('6/7 round 2 of 2')
		expect(await readdir(directory)).toEqual([])
		expect((await engine.memory()).programs).toEqual([])
	})

	it('explains what it cannot do, and leaves nothing behind', async () => {
		for (const wrong of [{ batches: [0] }, { rounds: 1.5 }, { batches: [] }, { models: [] }, { matmulSizes: [-1] }]) {
			await expect(benchGradient(engine, { directory, ...wrong })).rejects.toThrow(NaptuneError)
		}
		await expect(benchGradient(engine, { models, directory: join(directory, 'none') })).rejects.toThrow(NaptuneError)
		expect(await readdir(directory)).toEqual([])
	})
})

describe('writeBenchWeights', () => {
	it('writes what two geometries share once', async () => {
		const configs = models.map(({ config }) => parseClipConfig(config))
		const { weights, remove } = await writeBenchWeights(configs, 3, directory)
		const [first, second] = weights as [(typeof weights)[0], (typeof weights)[0]]
		expect([...first.keys()]).toEqual([...second.keys()])
		const different = [...first].filter(([name, { offset }]) => offset !== second.get(name)!.offset)
		expect(different.map(([name]) => name)).toEqual([
			'vision_model.embeddings.patch_embedding.weight',
			'vision_model.embeddings.position_embedding.weight',
		])
		const bytes = [...first.values(), ...different.map(([name]) => second.get(name)!)]
		const { size } = await stat(first.get('logit_scale')!.file)
		expect(size).toBeGreaterThan(bytes.reduce((total, { length }) => total + length, 0))
		expect(size).toBeLessThan(bytes.reduce((total, { length }) => total + length, 100_000))
		await remove()
		expect(await readdir(directory)).toEqual([])
	})

	it('deletes them when the process ends early', async () => {
		const script = `
			import { writeBenchWeights } from ${JSON.stringify(new URL('./bench-weights.js', import.meta.url).href)}
			import { parseClipConfig } from ${JSON.stringify(new URL('../vlm/config.js', import.meta.url).href)}
			const config = parseClipConfig(${JSON.stringify(models[0]!.config)})
			const { weights } = await writeBenchWeights([config], 3, ${JSON.stringify(directory)})
			console.log(weights[0].size)
			process.exit(3)`
		const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
		await expect(child).rejects.toMatchObject({ code: 3, stdout: '57\n' })
		expect(await readdir(directory)).toEqual([])
	})
})

it('knows the geometries of ViT-B/32 and ViT-B/16', () => {
	const visions = benchModels.map(({ config }) => parseClipConfig(config).vision)
	expect(visions.map(({ patchSize }) => patchSize)).toEqual([32, 16])
	// Worked out by hand from the formula.
	const billions = visions.map((vision) => gradientMultiplyAdds(vision, 512, 100) / 1e9)
	expect(billions[0]).toBeCloseTo(8.274, 3)
	expect(billions[1]).toBeCloseTo(33.352, 3)
})
