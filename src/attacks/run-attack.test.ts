import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../errors.js'
import type { Tensor } from '../onnx/tensor.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { joinRows, range, takeRows } from './batch-rows.js'
import type { Classifier } from './classifier.js'
import { createGraphClassifier } from './graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from './graphs.test.support.js'
import { imageStreams } from './image-streams.js'
import { predictions } from './predictions.js'
import { prepareAttack } from './registry.js'
import {
	type AttackCounts,
	type AttackImages,
	type AttackOutcome,
	isRobust,
	type RunAttackOptions,
	runAttack,
} from './run-attack.js'

const count = 23
const batch = randomBatch(range(0, count).map(() => 0))
const attack = prepareAttack('pgd', { steps: 3 })
const threatModel = { norm: 'linf', epsilon: 0.04 } as const
const streams = imageStreams(1)

let engine: Engine
let classifier: Classifier
let images: AttackImages
/** Labels that the clean prediction misses at every third position. */
let labels: readonly number[]

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	classifier = await createGraphClassifier({
		engine,
		classNames: ['a', 'b', 'c', 'd'],
		imageShape,
		build: networkGraph(4),
	})
	const { logits } = await classifier.evaluate(batch.images, ['logits'])
	labels = predictions(logits!, batch.ids).map((predicted, row) => (row % 3 === 0 ? (predicted + 1) % 4 : predicted))
	images = { ids: batch.ids, labels, pixels: async (positions) => takeRows(batch.images, positions) }
})
afterAll(() => engine.close())

async function run(options: Partial<RunAttackOptions>) {
	const outcomes: AttackOutcome[] = []
	const parts: Tensor<'float32'>[] = []
	const sizes: number[] = []
	const base = { classifier, attack, threatModel, images, streams, batchSize: 5 }
	for await (const part of runAttack({ ...base, ...options })) {
		outcomes.push(...part.outcomes)
		sizes.push(part.outcomes.length)
		if (part.images) parts.push(part.images)
	}
	const order = (a: AttackOutcome, b: AttackOutcome) => batch.ids.indexOf(a.id) - batch.ids.indexOf(b.id)
	return { outcomes, sorted: [...outcomes].sort(order), sizes, parts }
}

describe('runAttack', () => {
	it('tells what the attack did to every image, whatever the batch size', async () => {
		const adversarial = await attack.run(classifier, { ...batch, labels }, threatModel, streams)
		const { logits } = await classifier.evaluate(adversarial, ['logits'])
		const predicted = predictions(logits!, batch.ids)
		const { sorted, parts, outcomes } = await run({ keepImages: true })
		expect(sorted.map(({ id }) => id)).toEqual(batch.ids)
		sorted.forEach(({ label, cleanPrediction, adversarialPrediction, attacked }, row) => {
			expect([label, adversarialPrediction, attacked]).toEqual([labels[row], predicted[row], true])
			expect(cleanPrediction === label).toBe(row % 3 !== 0)
		})
		const rows = outcomes.map(({ id }) => batch.ids.indexOf(id))
		expect(joinRows(parts)).toEqual(takeRows(adversarial, rows))
		for (const batchSize of [1, 23, 100]) expect((await run({ batchSize })).sorted).toEqual(sorted)
	})

	it('skips images that are wrong when clean, and fills batches up with others', async () => {
		const sizes: number[] = []
		const counting = {
			...attack,
			run: (...args: Parameters<typeof attack.run>) => {
				sizes.push(args[1].ids.length)
				return attack.run(...args)
			},
		}
		const all = await run({})
		const { sorted } = await run({ skipWrong: true, attack: counting })
		expect(sizes).toEqual([5, 5, 5])
		sorted.forEach((outcome, row) => {
			const { cleanPrediction } = outcome
			const skipped = { ...outcome, adversarialPrediction: cleanPrediction, attacked: false }
			expect(outcome).toEqual(row % 3 === 0 ? skipped : all.sorted[row])
		})
		expect(sorted.filter(isRobust).length).toBe(all.sorted.filter(isRobust).length)
	})

	it('continues where another run was left', async () => {
		const all = await run({ skipWrong: true })
		const seen: AttackOutcome[] = []
		const options = { classifier, attack, threatModel, images, streams, batchSize: 4, skipWrong: true }
		for await (const { outcomes } of runAttack(options)) {
			seen.push(...outcomes)
			if (seen.length > 8) break
		}
		const done = new Set(seen.map(({ id }) => batch.ids.indexOf(id)))
		const rest = await run({ skipWrong: true, batchSize: 6, done })
		expect(rest.outcomes.length).toBe(count - seen.length)
		expect(new Set([...seen, ...rest.outcomes].map((outcome) => JSON.stringify(outcome)))).toEqual(
			new Set(all.outcomes.map((outcome) => JSON.stringify(outcome))),
		)
		expect((await run({ done: new Set(range(0, count)) })).sizes).toEqual([])
	})

	it('reports progress that ends with the result', async () => {
		const reports: AttackCounts[] = []
		const { outcomes } = await run({ skipWrong: true, onProgress: (counts) => reports.push(counts) })
		expect(reports.map(({ done }) => done)).toEqual(reports.map(({ done }) => done).sort((a, b) => a - b))
		expect(reports.at(-1)).toEqual({
			done: count,
			total: count,
			attacked: outcomes.filter(({ attacked }) => attacked).length,
			robust: outcomes.filter(isRobust).length,
		})
	})

	it('attacks targets, and judges by the true label', async () => {
		const targeted = prepareAttack('pgd', { steps: 10, targeted: true })
		const targets = labels.map((label) => (label + 2) % 4)
		const strong = { norm: 'linf', epsilon: 0.2 } as const
		const { sorted } = await run({ attack: targeted, images: { ...images, targets }, threatModel: strong })
		const reached = sorted.filter(({ adversarialPrediction }, row) => adversarialPrediction === targets[row])
		expect(reached.length).toBeGreaterThan(count / 2)
		expect(sorted.map(({ label }) => label)).toEqual(labels)
	})

	it.each<[string, () => Partial<RunAttackOptions>, RegExp]>([
		['ids that occur twice', () => ({ images: { ...images, ids: [...batch.ids.slice(1), 'image 5'] } }), /id image 5/],
		['too few labels', () => ({ images: { ...images, labels: [0] } }), /23 images with 1 labels/],
		['no targets', () => ({ attack: prepareAttack('pgd', { targeted: true }) }), /targeted: give a target/],
		['a batch size of 0', () => ({ batchSize: 0 }), /batch size/],
	])('refuses %s', async (_, options, message) => {
		await expect(run(options())).rejects.toThrow(NaptuneError)
		await expect(run(options())).rejects.toThrow(message)
	})
})
