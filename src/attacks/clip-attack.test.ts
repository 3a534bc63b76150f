import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadWeights } from '../checkpoints/checkpoint-weights.js'
import type { AttackBatch } from '../classifier/attack-batch.js'
import type { Classifier } from '../classifier/classifier.js'
import { createGraphClassifier } from '../classifier/graph-classifier.js'
import { randomBatch } from '../classifier/graphs.test.support.js'
import { crossEntropyObjective } from '../classifier/objectives/objective.js'
import { predictions } from '../classifier/predictions.js'
import { joinRows, range, rowSize, takeRows } from '../core/rows.js'
import { readSafetensorsTensors } from '../files/safetensors.js'
import { float32, int64, ops, type Tensor, tensor } from '../onnx/index.js'
import { createEngine, type Engine, type Feeds } from '../runtime/index.js'
import { parseClipConfig } from '../vlm/config.js'
import { expectedWeights } from '../vlm/expected-weights.js'
import { imageTower } from '../vlm/image-tower.js'
import { similarityLogits } from '../vlm/similarity.js'
import { frozenWeights, trainableWeights } from '../vlm/weights.js'
import { pgd } from './algorithms/pgd/pgd.js'
import type { PgdOptions } from './algorithms/pgd/pgd-options.js'
import { attackBatch } from './run/attack-batch.js'
import { imageStreams } from './run/image-streams.js'
import { perturbationSizes } from './sets/check-perturbation.js'
import type { ThreatModel } from './sets/threat-model.js'

const fixture = (path: string) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url))
const golden = await readSafetensorsTensors(fixture('tuning-golden/pgd.safetensors'))
const goldenTensor = (name: string): Tensor<'float64'> => {
	const { shape, data } = golden.get(name)!
	return tensor('float64', shape, new Float64Array(data.buffer))
}
const config = parseClipConfig(JSON.parse(await readFile(fixture('tiny-clip/config.json'), 'utf8')))
const preprocessor = JSON.parse(await readFile(fixture('tiny-clip/preprocessor_config.json'), 'utf8'))
const statistics = { mean: preprocessor.image_mean, std: preprocessor.image_std }
const shapes = expectedWeights(config)
const classNames = ['a', 'b', 'c', 'd', 'e']
const imageShape = [3, 16, 16] as const
const text = goldenTensor('text_features_normalized')
const streams = imageStreams(1)

/** The tiny CLIP as it ships: float32 weights by reference, text features as a constant. */
async function tinyClip(engine: Engine): Promise<Classifier> {
	// Float32 weights are read in place, nothing is written to a cache.
	const { weights } = await loadWeights(fixture('tiny-clip'), shapes, tmpdir())
	const lookup = frozenWeights(weights)
	return createGraphClassifier({
		engine,
		classNames,
		imageShape,
		build: (pixels) => {
			const { features } = imageTower(pixels, config.vision, statistics, lookup)
			const textFeatures = ops.literal(float32(text.shape, Float32Array.from(text.data)))
			return { logits: similarityLogits(features, textFeatures, ops.reshape(lookup('logit_scale'), [])), features }
		},
	})
}

/** The same in float64 between pixels and logits, as the reference computes. */
async function tinyClipInDouble(engine: Engine): Promise<Classifier> {
	const stored = await readSafetensorsTensors(fixture('tiny-clip/model.safetensors'))
	const { lookup, values } = trainableWeights(shapes, 'float64')
	const build: Parameters<typeof createGraphClassifier>[0]['build'] = (pixels) => {
		const { features } = imageTower(ops.cast(pixels, 'float64'), config.vision, statistics, lookup)
		const logits = similarityLogits(features, ops.literal(text), ops.reshape(lookup('logit_scale'), []))
		return { logits: ops.cast(logits, 'float32') }
	}
	build(ops.input('pixels', 'float32', ['B', ...imageShape]))
	const feeds: Feeds = Object.fromEntries(
		[...values.keys()].map((name) => {
			const { shape, data } = stored.get(name)!
			return [name, tensor('float64', shape, Float64Array.from(new Float32Array(data.buffer)))] as const
		}),
	)
	return createGraphClassifier({ engine, classNames, imageShape, build, feeds })
}

async function withClassifier<T>(
	threads: number,
	make: (engine: Engine) => Promise<Classifier>,
	use: (classifier: Classifier) => Promise<T>,
): Promise<T> {
	const engine = await createEngine({ threads })
	try {
		return await use(await make(engine))
	} finally {
		await engine.close()
	}
}

function part({ images, labels, ids }: AttackBatch, rows: readonly number[]): AttackBatch {
	const pick = <T>(values: readonly T[]) => rows.map((row) => values[row]!)
	return { images: takeRows(images, rows), labels: pick(labels), ids: pick(ids) }
}

describe('on the CPU, one image has the same bytes of logits, pixel gradient and adversarial images', () => {
	const batch = randomBatch(
		range(0, 64).map((index) => index % 5),
		imageShape,
	)
	const attacks: [ThreatModel, PgdOptions][] = [
		[
			{ norm: 'linf', epsilon: 8 / 255 },
			{ steps: 3, restarts: 2 },
		],
		[
			{ norm: 'l2', epsilon: 0.5 },
			{ steps: 3, keep: 'worst' },
		],
	]
	const last = range(0, 64).reverse()
	/** The same images in batches of other sizes, orders and positions. */
	const partitions: Record<string, number[][]> = {
		'64 at once': [range(0, 64)],
		'64 at once, backwards': [last],
		'17 at a time': [range(0, 17), range(17, 34), range(34, 51), range(51, 64)],
		'17 at a time, backwards': [last.slice(0, 17), last.slice(17, 34), last.slice(34, 51), last.slice(51)],
		'2 at a time': range(0, 10).map((pair) => [pair, 63 - 3 * pair]),
		'1 at a time': range(0, 10).map((row) => [6 * row]),
	}

	async function everything(classifier: Classifier, rows: readonly number[]): Promise<Tensor<'float32'>[]> {
		const given = part(batch, rows)
		const labels = int64([rows.length], given.labels)
		const { taps, loss, gradient } = await classifier.gradient(given.images, crossEntropyObjective, { labels })
		const results = [taps.logits!, loss, gradient, (await classifier.evaluate(given.images, ['logits'])).logits!]
		for (const [threat, options] of attacks)
			results.push(await attackBatch(pgd.prepare(options), classifier, given, threat, streams))
		return results
	}

	let reference: Tensor<'float32'>[]
	beforeAll(async () => {
		reference = await withClassifier(1, tinyClip, (classifier) => everything(classifier, range(0, 64)))
	})

	it.each([1, 2])('in every batch, with %d threads', async (threads) => {
		await withClassifier(threads, tinyClip, async (classifier) => {
			for (const [name, batches] of Object.entries(partitions)) {
				const parts: Tensor<'float32'>[][] = []
				for (const rows of batches) parts.push(await everything(classifier, rows))
				reference.forEach((expected, index) => {
					const actual = joinRows(parts.map((results) => results[index]!))
					const wanted = takeRows(expected, batches.flat())
					expect(Buffer.compare(Buffer.from(actual.data.buffer), Buffer.from(wanted.data.buffer)), name).toBe(0)
				})
			}
		})
	})
})

describe('PGD on the tiny CLIP against PyTorch in float64', () => {
	const pixels = golden.get('pixels')!
	const batch: AttackBatch = {
		images: float32(pixels.shape, new Float32Array(pixels.data.buffer)),
		labels: [...new Int32Array(golden.get('labels')!.data.buffer)],
		ids: ['0', '1', '2'],
	}
	const runs = [
		{
			name: 'linf',
			threat: { norm: 'linf', epsilon: 8 / 255 },
			options: { steps: 5, relativeStepSize: 0.3, start: 'zero' },
			// Five roundings of pixels to float32, 2^-25 each, and one of the bound towards the clean pixel, 2^-24: no sign
			// of a gradient differs, or the difference would be two steps, 0.019.
			tolerance: 5 * 2 ** -25 + 2 ** -24,
		},
		{
			name: 'l2',
			threat: { norm: 'l2', epsilon: 0.5 },
			options: { steps: 10, stepSize: 0.1, start: 'zero' },
			// Every step is 0.1 long; ten gradients with relative errors of 1e-6 turn it by at most 1e-6.
			tolerance: 1e-6,
		},
	] as const

	describe.each([
		['float64 gradients', tinyClipInDouble],
		['float32 gradients', tinyClip],
	] as const)('with %s', (_, make) => {
		it.each(runs)('$name has its images and losses', async ({ name, threat, options, tolerance }) => {
			await withClassifier(1, make, async (classifier) => {
				const images = await attackBatch(pgd.prepare(options), classifier, batch, threat, streams)
				const expected = goldenTensor(`${name}.images`)
				const worst = expected.data.reduce((most, value, at) => Math.max(most, Math.abs(value - images.data[at]!)), 0)
				expect(worst).toBeLessThan(tolerance)
				const labels = int64([3], batch.labels)
				for (const [given, prefix] of [
					[batch.images, 'clean'],
					[images, name],
				] as const) {
					const { loss } = await classifier.gradient(given, crossEntropyObjective, { labels })
					goldenTensor(`${prefix}.loss`).data.forEach((value, row) => {
						expect(Math.abs(loss.data[row]! - value) / value).toBeLessThan(5e-6)
					})
				}
			})
		})
	})
})

describe('PGD against the tiny CLIP', () => {
	it.each([
		{ norm: 'linf', epsilon: 8 / 255 },
		{ norm: 'l2', epsilon: 0.7 },
	] as const)('makes accuracy fall within $norm', async (threat) => {
		await withClassifier(2, tinyClip, async (classifier) => {
			const random = randomBatch(
				range(0, 60).map(() => 0),
				imageShape,
			)
			const { logits } = await classifier.evaluate(random.images, ['logits'])
			const batch = { ...random, labels: predictions(logits!, random.ids) }
			const kept: number[] = []
			for (const factor of [0.25, 1]) {
				const smaller = { ...threat, epsilon: factor * threat.epsilon }
				const images = await attackBatch(pgd.prepare({ steps: 10 }), classifier, batch, smaller, streams)
				const after = predictions((await classifier.evaluate(images, ['logits'])).logits!, batch.ids)
				kept.push(after.filter((predicted, row) => predicted === batch.labels[row]).length)
				const sizes = perturbationSizes(batch.images, images, threat.norm)
				expect(Math.max(...sizes)).toBeLessThanOrEqual(smaller.epsilon)
				expect(rowSize(images)).toBe(768)
			}
			expect(kept[0]).toBeLessThan(60)
			expect(kept[1]).toBeLessThan(kept[0]!)
		})
	})
})
