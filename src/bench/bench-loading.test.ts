import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadClip } from '../checkpoints/load-clip.js'
import { pictureFiles } from '../data/folders/image-files.test.support.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset, tinyTuning } from '../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { writeBenchCheckpoint } from './bench-checkpoint.js'
import { benchLoading, type LoadingBenchInput } from './bench-loading.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

async function input(): Promise<LoadingBenchInput> {
	const folder = await temporaryFolder()
	const train = await pictureFiles(folder, 9)
	return {
		engine,
		clip: await tinyClip(folder),
		dataset: { ...tinyDataset(), train },
		config: tinyTuning(),
		images: 40,
		stepImages: 5,
		loaderThreads: 1,
	}
}

it('measures both ways of loading and the step, for all images', async () => {
	const told: string[] = []
	const result = await benchLoading({
		...(await input()),
		onProgress: (done, total, next) => told.push(`${done}/${total} ${next}`),
	})
	expect(told).toEqual([
		'0/5 loading on the main thread',
		'1/5 loading in threads: 1',
		...[2, 3, 4, 5].map((done) => `${done}/5 tuning step`),
	])
	expect(result).toMatchObject({
		images: 9,
		stepImages: 6,
		imageSize: 16,
		defense: 'nap',
		loaderThreads: 1,
		threads: 1,
	})
	for (const part of [result.mainThread, result.loader, result.step]) {
		expect(part.seconds).toBeGreaterThan(0)
		expect(part.msPerImage).toBeCloseTo((1000 * part.seconds) / 9, 6)
		expect(part.peakMemoryMB).toBeGreaterThan(10)
	}
	expect(result.shareOfStep.loader.seconds).toBeCloseTo(result.loader.seconds / result.step.seconds, 10)
	const { processorSeconds } = result.shareOfStep.mainThread
	expect(processorSeconds).toBeCloseTo(result.mainThread.processorSeconds / result.step.processorSeconds, 10)
})

it('refuses what cannot be measured', async () => {
	const usual = await input()
	await expect(benchLoading({ ...usual, dataset: tinyDataset() })).rejects.toThrow('are already decoded')
	await expect(benchLoading({ ...usual, stepImages: 1 })).rejects.toThrow('at least 2, got 1')
	await expect(benchLoading({ ...usual, images: 0 })).rejects.toThrow('at least 1, got 0')
})

it('makes a checkpoint that loads, and removes it', async () => {
	const tokenizer = fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url))
	const small = { hidden_size: 64, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 1 }
	const { folder, remove } = await writeBenchCheckpoint(tokenizer, await temporaryFolder(), {
		vision: { ...small, image_size: 64 },
		text: small,
	})
	const { config, checkpoint } = await loadClip(folder)
	expect(config.vision.imageSize).toBe(64)
	expect(checkpoint.preprocessor.crop).toEqual({ width: 64, height: 64 })
	await remove()
	expect(existsSync(folder)).toBe(false)
})
