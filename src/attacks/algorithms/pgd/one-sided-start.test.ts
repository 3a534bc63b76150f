import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from '../../../classifier/graphs.test.support.js'
import { NaptuneError } from '../../../core/errors.js'
import { range, takeRows } from '../../../core/rows.js'
import { float32 } from '../../../core/tensor.js'
import { generator } from '../../../random/counter-based.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { attackBatch } from '../../run/attack-batch.js'
import { imageStreams } from '../../run/image-streams.js'
import { perturbationSet } from '../../sets/registry.js'
import { pgd } from './pgd.js'

describe('one-sided starts', () => {
	it('make no pixel smaller, none larger by more than epsilon, and stay in the box', () => {
		const pixel = fc.oneof(fc.constantFrom(0, 1), fc.float({ min: 0, max: 1, noNaN: true })).map(Math.abs)
		const radius = fc.oneof(fc.constantFrom(0, 1, 1 / 255, 1e-8, 1e-40), fc.double({ min: 0, max: 1, noNaN: true }))
		fc.assert(
			fc.property(fc.array(pixel, { minLength: 12, maxLength: 12 }), radius, fc.nat(), (pixels, epsilon, seed) => {
				const clean = float32([1, 3, 2, 2], pixels)
				const images = clean.data.slice()
				perturbationSet({ norm: 'linf', epsilon }, clean).sample(images, 0, generator(seed), true)
				images.forEach((value, at) => {
					expect(value).toBeGreaterThanOrEqual(clean.data[at]!)
					expect(value - clean.data[at]!).toBeLessThanOrEqual(epsilon)
					expect(value).toBeLessThanOrEqual(1)
				})
			}),
			{ numRuns: 300 },
		)
	})

	it('are uniform between the clean pixel and epsilon above it', () => {
		const count = 12_000
		const clean = float32([1, 3, 1, count / 3], new Float32Array(count).fill(0.5))
		const images = clean.data.slice()
		perturbationSet({ norm: 'linf', epsilon: 0.25 }, clean).sample(images, 0, generator(7), true)
		const changes = Array.from(images, (value) => (value - 0.5) / 0.25)
		const mean = changes.reduce((sum, value) => sum + value, 0) / count
		const variance = changes.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count
		// Standard errors are 0.0026 and 0.0007.
		expect(Math.abs(mean - 1 / 2)).toBeLessThan(0.01)
		expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.003)
	})
})

describe('PGD from a one-sided start', () => {
	let engine: Engine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())
	const batch = randomBatch([0, 1, 2, 3, 4, 0])
	const make = () =>
		createGraphClassifier({ engine, classNames: ['a', 'b', 'c', 'd', 'e'], imageShape, build: networkGraph(5) })
	// Steps far below the spacing of float32 leave the start as it is.
	const still = { steps: 1, stepSize: 1e-12, start: 'one-sided' } as const

	it('starts above the clean image, from the same point in any batch, and then moves both ways', async () => {
		const classifier = await make()
		const threat = { norm: 'linf', epsilon: 0.1 } as const
		const start = await attackBatch(pgd.prepare(still), classifier, batch, threat, imageStreams(3))
		start.data.forEach((value, at) => {
			expect(value).toBeGreaterThanOrEqual(batch.images.data[at]!)
		})
		expect(start.data).not.toEqual(batch.images.data)
		for (const rows of [[4], range(0, 6).reverse()]) {
			const part = {
				images: takeRows(batch.images, rows),
				labels: rows.map((row) => batch.labels[row]!),
				ids: rows.map((row) => batch.ids[row]!),
			}
			const own = await attackBatch(pgd.prepare(still), classifier, part, threat, imageStreams(3))
			expect(own.data).toEqual(takeRows(start, rows).data)
		}
		const options = { steps: 5, relativeStepSize: 0.5, start: 'one-sided' } as const
		const attacked = await attackBatch(pgd.prepare(options), classifier, batch, threat, imageStreams(3))
		expect(attacked.data.some((value, at) => value < batch.images.data[at]!)).toBe(true)
		await classifier.release()
	})

	it('is refused in L2', async () => {
		const classifier = await make()
		const promise = attackBatch(pgd.prepare(still), classifier, batch, { norm: 'l2', epsilon: 1 }, imageStreams(3))
		await expect(promise).rejects.toThrow(NaptuneError)
		await expect(promise).rejects.toThrow(/one-sided.*L-infinity only.*uniform/)
		await classifier.release()
	})
})
