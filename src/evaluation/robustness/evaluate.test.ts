import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import type { AttackOutcome, AttackTrial } from '../../attacks/run/attack-outcomes.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { runAttack } from '../../attacks/run/run-attack.js'
import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { loadClip } from '../../checkpoints/load-clip.js'
import type { Tensor } from '../../core/tensor.js'
import { loadCifar10Mini } from '../../data/cifar10-mini.js'
import { type Split, subset } from '../../data/dataset.js'
import { stratifiedSubset } from '../../data/subsets.js'
import { type Defense, initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import type { ClipModel } from '../../vlm/model.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { type EvaluateInput, evaluate, preparedImages, summarize } from './evaluate.js'

const nano = fileURLToPath(new URL('../../../models/nano', import.meta.url))
const threat = threatModel('linf', 8 / 255)
const attack = prepareAttack('pgd', { steps: 2, relativeStepSize: 0.5, start: 'uniform' })

/** NAP with every kind of parameter, far from zero. */
async function hardened(
	clip: ClipModel,
	classNames: readonly string[],
): Promise<{ defense: Defense; parameters: Record<string, Tensor<'float32'>> }> {
	const options = { textPrompts: 3, visualPrompts: 3, contextDeviation: 0.5, coupling: 'joint' }
	const defense = prepareDefense('nap', clip, classNames, options)
	return { defense, parameters: await initialParameters(defense, 5) }
}

describe('evaluate', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	/** A hardened tiny CLIP, attacked on `perClass` images of three classes. */
	async function setting(perClass: number): Promise<EvaluateInput> {
		const clip = await tinyClip(await temporaryFolder())
		const { defense, parameters } = await hardened(clip, tinyDataset().classNames)
		const classifier = await deployedClassifier(engine, clip, defense, parameters)
		const split = tinyDataset(undefined, { test: perClass }).test
		return { clip, classifier, split, attack, threatModel: threat, seed: 1, batchSize: 17 }
	}

	it('gives the same images and outcomes, byte for byte, for any batch size and number of threads', async () => {
		// Products as large as nano's are shared among threads, a smaller model's would not be.
		const clip = await loadClip(nano)
		const { test, classNames } = await loadCifar10Mini()
		const { defense, parameters } = await hardened(clip, classNames)
		const split = stratifiedSubset(test, 66, 1)
		const ids = Array.from({ length: split.length }, (_, index) => split.id(index))
		const attacked = async (own: ModelEngine, batchSize: number) => {
			const classifier = await deployedClassifier(own, clip, defense, parameters)
			const outcomes: AttackOutcome[] = []
			const images = new Map<string, Float32Array>()
			const run = runAttack({
				classifier,
				attack,
				threatModel: threat,
				images: {
					ids,
					labels: ids.map((_, index) => split.label(index)),
					pixels: (positions) => preparedImages(clip, split, positions),
				},
				streams: imageStreams(1),
				batchSize,
				keepImages: true,
			})
			for await (const part of run) {
				if (!part.images) continue
				outcomes.push(...part.outcomes)
				const size = part.images.data.length / part.outcomes.length
				for (const [row, { id }] of part.outcomes.entries()) {
					images.set(id, part.images.data.slice(row * size, (row + 1) * size))
				}
			}
			await classifier.release()
			return { outcomes: outcomes.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id)), images }
		}
		const two = await createEngine({ threads: 2 })
		const reference = await attacked(engine, 64)
		const fooled = reference.outcomes.filter(({ cleanPrediction: a, adversarialPrediction: b }) => a !== b)
		expect(fooled.length).toBeGreaterThan(3)
		for (const [own, batchSize] of [
			[engine, 1],
			[engine, 2],
			[engine, 17],
			[two, 1],
			[two, 64],
		] as const) {
			const { outcomes, images } = await attacked(own, batchSize)
			expect(outcomes).toEqual(reference.outcomes)
			for (const [id, pixels] of images) {
				expect(Buffer.compare(Buffer.from(pixels.buffer), Buffer.from(reference.images.get(id)!.buffer)), id).toBe(0)
			}
			expect(images.size).toBe(66)
		}
		await two.close()
	})

	it('counts images that are wrong when clean as errors and does not attack them', async () => {
		const input = await setting(6)
		const counts: AttackCounts[] = []
		const result = (await evaluate({ ...input, onProgress: (now) => counts.push(now) }))!
		expect(result.images).toBe(18)
		expect(result.outcomes.map(({ id }) => id)).toEqual([...Array(18).keys()].map((index) => `test/${index}`))
		const right = result.outcomes.filter(({ label, cleanPrediction }) => label === cleanPrediction)
		expect(right.length).toBeGreaterThan(0)
		expect(right.length).toBeLessThan(18)
		for (const { label, cleanPrediction, adversarialPrediction, attacked } of result.outcomes) {
			expect(attacked).toBe(label === cleanPrediction)
			if (!attacked) expect(adversarialPrediction).toBe(cleanPrediction)
		}
		expect(result.clean.accuracy).toBe(right.length / 18)
		const robust = right.filter(({ label, adversarialPrediction }) => label === adversarialPrediction)
		expect(result.robust.accuracy).toBe(robust.length / 18)
		expect(result.robust.interval[0]).toBeLessThanOrEqual(result.robust.accuracy)
		expect(result.robust.interval[1]).toBeGreaterThanOrEqual(result.robust.accuracy)
		expect(counts.at(-1)).toMatchObject({ done: 18, total: 18, attacked: right.length, robust: robust.length })
		await input.classifier.release?.()
	})

	it('goes on from earlier outcomes to the same result, and attacks only what is missing', async () => {
		const input = await setting(6)
		const whole = (await evaluate(input))!
		const kept: AttackTrial[] = []
		const stop = new AbortController()
		const stopped = await evaluate({
			...input,
			batchSize: 5,
			signal: stop.signal,
			onBatch: async ({ trials }) => {
				kept.push(...trials)
				if (kept.length > 18) stop.abort()
			},
		})
		expect(stopped).toBeUndefined()
		const more: AttackTrial[] = []
		const resumed = (await evaluate({
			...input,
			batchSize: 4,
			earlier: kept,
			onBatch: async ({ trials }) => {
				more.push(...trials)
			},
		}))!
		const attacked = whole.outcomes.filter((outcome) => outcome.attacked).length
		expect(more.length).toBeGreaterThan(0)
		expect(more.length).toBe(18 + attacked - kept.length)
		const timeless = { seconds: 0, passes: undefined }
		expect({ ...resumed, ...timeless }).toEqual({ ...whole, ...timeless })
		await input.classifier.release?.()
	})

	it('at epsilon 0 has the clean accuracy as its robust one', async () => {
		const input = await setting(4)
		const result = (await evaluate({ ...input, threatModel: threatModel('linf', 0) }))!
		expect(result.robust).toEqual(result.clean)
		await input.classifier.release?.()
	})

	it('refuses an empty split', async () => {
		const input = await setting(1)
		await expect(evaluate({ ...input, split: subset(input.split, []) })).rejects.toThrow(/no images to evaluate/)
		await input.classifier.release?.()
	})

	it('finds nano right on most photographs, and unprotected at 8/255', async () => {
		const clip = await loadClip(nano)
		const { test, classNames } = await loadCifar10Mini()
		const split: Split = stratifiedSubset(test, 40, 1)
		const vanilla = prepareDefense('vanilla', clip, classNames)
		const classifier = await deployedClassifier(engine, clip, vanilla, {})
		const pgd = prepareAttack('pgd-20', { steps: 5 })
		const input = { clip, classifier, split, attack: pgd, threatModel: threat, seed: 1, batchSize: 20 }
		const result = (await evaluate(input))!
		expect(result.clean.accuracy).toBeGreaterThan(0.5)
		expect(result.robust.accuracy).toBeLessThan(0.2)
		await classifier.release()
	})
})

describe('summarize', () => {
	it('counts an image as robust only where it is right before and after', () => {
		const outcome = (label: number, cleanPrediction: number, adversarialPrediction: number): AttackOutcome => ({
			id: `${cleanPrediction}${adversarialPrediction}`,
			label,
			cleanPrediction,
			adversarialPrediction,
			attacked: true,
		})
		const { images, clean, robust } = summarize([
			outcome(1, 1, 1),
			outcome(1, 1, 0),
			outcome(1, 0, 1),
			outcome(1, 0, 0),
		])
		expect([images, clean.accuracy, robust.accuracy]).toEqual([4, 0.5, 0.25])
	})
})
