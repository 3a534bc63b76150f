import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadClip } from '../checkpoints/load-clip.js'
import { writeSeededCheckpoint } from '../checkpoints/seeded-checkpoint.js'
import { seededPixels } from '../checkpoints/seeded-values.js'
import { NaptuneError } from '../core/errors.js'
import { float32, int64, ops } from '../onnx/index.js'
import type { Engine } from '../runtime/engine.js'
import { createEngine } from '../runtime/index.js'
import { fixtures, worstRow } from './fixtures.test.support.js'
import { imageTower } from './image-tower.js'
import { type ClipModel, logScale } from './model.js'
import { similarityLogits } from './similarity.js'
import { textTower } from './text-tower.js'
import { endPositionRows } from './token-batch.js'
import { createZeroShotClassifier } from './zero-shot.js'
import { zeroShotTextFeatures } from './zero-shot-features.js'

const tokenizer = fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url))

let folder: string
let engine: Engine
let clip: ClipModel
/** The tiny geometry with the vocabulary of nano's tokenizer. */
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-zero-shot-'))
	const config = JSON.parse(await readFile(join(fixtures, 'tiny-clip/config.json'), 'utf8'))
	const ids = { vocab_size: 4608, bos_token_id: 4606, eos_token_id: 4607, max_position_embeddings: 40 }
	await writeSeededCheckpoint(folder, { ...config, text_config: { ...config.text_config, ...ids } }, 11)
	await copyFile(tokenizer, join(folder, 'tokenizer.json'))
	await copyFile(join(fixtures, 'tiny-clip/preprocessor_config.json'), join(folder, 'preprocessor_config.json'))
	clip = await loadClip(folder)
	engine = await createEngine({ threads: 1 })
})
afterAll(async () => {
	await engine.close()
	await rm(folder, { recursive: true, force: true })
})

const names = ['airplane', 'automobile', 'bird', 'tennis_racket', 'a very long name of a class indeed', 'frog', 'ship']

/** Unit features of texts by one run of the text tower. */
async function featuresOf(texts: readonly string[]): Promise<Float32Array> {
	const batch = clip.tokenizer.encodeBatch(texts, clip.config.text)
	const rows = [batch.count, batch.length]
	const ids = ops.input('ids', 'int64', rows)
	const end = ops.input('end', 'float32', rows)
	const features = ops.normalizeL2(textTower(ids, end, clip.config.text, clip.weights).features)
	const program = await engine.compile({ features })
	const results = await program.run({ ids: int64(rows, batch.ids), end: float32(rows, endPositionRows(batch)) })
	await program.release()
	return results.features!.data as Float32Array
}

/** An engine that notes the rows of every run. */
function watched(rows: number[]): Engine {
	return {
		...engine,
		compile: async (outputs, options) => {
			const program = await engine.compile(outputs, options)
			return {
				...program,
				run: (feeds, runOptions) => {
					rows.push(...Object.values(feeds).map(({ shape }) => shape[0]!))
					return program.run(feeds, runOptions)
				},
			}
		},
	}
}

describe('zeroShotTextFeatures', () => {
	it('are those of the prompts, whatever the size of the pieces', async () => {
		const expected = await featuresOf(names.map((name) => `a photo of a ${name.replace('_', ' ')}.`))
		for (const promptsPerRun of [1, 3, 6, 64]) {
			const features = await zeroShotTextFeatures(engine, clip, names, { promptsPerRun })
			expect(features.shape).toEqual([names.length, 20])
			expect(
				Buffer.from(features.data.buffer).equals(
					Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength),
				),
				`${promptsPerRun}`,
			).toBe(true)
		}
	})

	it('of several templates are the mean of unit vectors, of unit length again', async () => {
		const templates = ['a photo of a {}.', 'a blurry drawing of the {}', '{}']
		const parts = await Promise.all(
			templates.map((template) => featuresOf(names.map((name) => template.replace('{}', name.replaceAll('_', ' '))))),
		)
		const mean = parts[0]!.map((_, at) => parts.reduce((sum, part) => sum + part[at]! / 3, 0))
		const expected = mean.map((value, at) => {
			const row = mean.subarray(at - (at % 20), at - (at % 20) + 20)
			return value / Math.hypot(...row)
		})
		const features = await zeroShotTextFeatures(engine, clip, names, { templates, promptsPerRun: 4 })
		expect(worstRow(features, { shape: [names.length, 20], data: expected })).toBeLessThan(1e-6)
		const first = { shape: [names.length, 20], data: parts[0]! }
		expect(worstRow(features, first)).toBeGreaterThan(0.01)
	})

	it('of 10,000 classes are computed in small pieces', async () => {
		const many = Array.from({ length: 10_000 }, (_, index) => `class ${index}`)
		const rows: number[] = []
		const features = await zeroShotTextFeatures(watched(rows), clip, many)
		expect(Math.max(...rows)).toBe(64)
		expect(features.shape).toEqual([10_000, 20])
		const [last] = [await zeroShotTextFeatures(engine, clip, [many.at(-1)!])]
		expect(worstRow({ ...last, data: features.data.subarray(-20) }, last)).toBeLessThan(1e-6)
	})

	it('explains what it cannot do', async () => {
		const refused = (classNames: readonly string[], options = {}) =>
			expect(zeroShotTextFeatures(engine, clip, classNames, options)).rejects
		await refused([]).toThrow(NaptuneError)
		await refused(['a', ' ']).toThrow(/Class 1 has the empty name/)
		await refused(['a'], { templates: ['a photo'] }).toThrow(/no \{\}/)
		await refused(['a'], { templates: [] }).toThrow(NaptuneError)
		await refused(['a'], { promptsPerRun: 0 }).toThrow(NaptuneError)
		await refused(['bird '.repeat(40)]).toThrow(/reads at most 40/)
	})
})

describe('createZeroShotClassifier', () => {
	const images = (count: number) => float32([count, 3, 16, 16], seededPixels(5, count * 768))

	it('gives the softmax of the logits, best first', async () => {
		const classifier = await createZeroShotClassifier(engine, clip, names)
		const pixels = ops.input('pixels', 'float32', ['B', 3, 16, 16])
		const { features } = imageTower(pixels, clip.config.vision, clip.statistics, clip.weights)
		const logits = similarityLogits(features, ops.literal(classifier.textFeatures), logScale(clip))
		const program = await engine.compile({ probabilities: ops.softmax(logits) })
		const { probabilities } = await program.run({ pixels: images(40) })
		const all = await classifier.classify(images(40), 100)
		expect(all).toHaveLength(40)
		for (const [row, classes] of all.entries()) {
			expect(classes.map(({ index }) => index).sort()).toEqual([...names.keys()])
			for (const [at, { index, className, probability }] of classes.entries()) {
				expect(className).toBe(names[index])
				expect(probability).toBeCloseTo(Number(probabilities!.data[row * names.length + index]), 6)
				if (at > 0) expect(probability).toBeLessThanOrEqual(classes[at - 1]!.probability)
			}
		}
		expect(new Set(all.map(([best]) => best!.className)).size).toBeGreaterThan(1)
		await program.release()

		const [alone] = await classifier.classify(images(1), 2)
		expect(alone).toEqual(all[0]!.slice(0, 2))
		await expect(classifier.classify(images(1), 0)).rejects.toThrow(NaptuneError)
		await expect(classifier.classify(float32([1, 3, 8, 8], new Float32Array(192)))).rejects.toThrow(/\[B, 3, 16, 16\]/)
		const notNumbers = float32([2, 3, 16, 16], new Float32Array(1536).fill(Number.NaN))
		await expect(classifier.classify(notNumbers)).rejects.toThrow(/image 0/)
		await classifier.release()
	})

	it('gives equal classes in their order, and a single one the probability 1', async () => {
		const twins = await createZeroShotClassifier(engine, clip, ['frog', 'ship', 'frog'])
		for (const classes of await twins.classify(images(3))) {
			const order = classes.map(({ index }) => index)
			expect(order.indexOf(0)).toBeLessThan(order.indexOf(2))
		}
		await twins.release()
		const single = await createZeroShotClassifier(engine, clip, ['frog'])
		expect(await single.classify(images(1))).toEqual([[{ index: 0, className: 'frog', probability: 1 }]])
		await single.release()
	})
})
