import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encoderOf } from '../evaluation/deployed/knowledge.js'
import { resizedClassifier } from '../evaluation/deployed/resized-classifier.js'
import { float32, int64, ops } from '../onnx/index.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { bpdaClassifier } from './bpda-classifier.js'
import type { Classifier } from './classifier.js'
import { decorate, drawOf } from './decorate.js'
import { createGraphClassifier, type GraphClassifier } from './graph-classifier.js'
import { imageShape, networkGraph, noise, randomBatch } from './graphs.test.support.js'
import { hiddenDraws } from './hidden-draws.js'
import { crossEntropyObjective } from './objectives/objective.js'
import { passCounter } from './pass-counter.js'
import { watched } from './watched-classifier.js'

const labels = [0, 1, 2, 1]
const { images } = randomBatch(labels)
const side = { labels: int64([4], labels) }

let engine: Engine
let graph: GraphClassifier
/** Adds the numbers of its draw to the pixels. */
let randomised: Classifier
let released = 0
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	const network = networkGraph(3)
	graph = await createGraphClassifier({
		engine,
		classNames: ['a', 'b', 'c'],
		imageShape,
		build: (pixels) => {
			const { logits, hidden } = network(ops.add(pixels, ops.input('shift', 'float32', imageShape)))
			return { logits: logits!, imageFeatures: hidden! }
		},
	})
	randomised = hiddenDraws(
		(index) => graph.withFeeds({ shift: noise(imageShape, `draw ${index}`, 0.1) }),
		async () => {
			released++
		},
	)
})
afterAll(() => engine.close())

/** The classifier itself, its draws, and a draw of a draw: all that can be reached from it. */
const reachable = (classifier: Classifier): Classifier[] => [
	classifier,
	drawOf(classifier, 0),
	drawOf(classifier, 3),
	drawOf(drawOf(classifier, 0), 2),
]

describe('decorate', () => {
	it('changes what the hooks say, and nothing else', async () => {
		const plain = graph.withFeeds({ shift: noise(imageShape, 'plain', 0) })
		const same = decorate(plain, {})
		expect(await same.evaluate(images, ['logits'])).toEqual(await plain.evaluate(images, ['logits']))
		expect([same.classNames, same.inputShape, same.taps, same.pipelined]).toEqual([
			plain.classNames,
			plain.inputShape,
			plain.taps,
			plain.pipelined,
		])
		expect(same.draw).toBeUndefined()
		const other = decorate(plain, { classNames: ['x', 'y', 'z'], taps: ['logits'], pipelined: false })
		expect([other.classNames, other.taps, other.pipelined, other.inputShape]).toEqual([
			['x', 'y', 'z'],
			['logits'],
			false,
			imageShape,
		])
		expect(await other.gradient(images, crossEntropyObjective, side)).toEqual(
			await plain.gradient(images, crossEntropyObjective, side),
		)
	})

	it('decorates draws alike, each over the draw beneath, and releases the original alone', async () => {
		const doubled = decorate(randomised, {
			async evaluate(inner, given, taps) {
				const { logits } = await inner.evaluate(given, taps)
				return {
					logits: float32(
						logits!.shape,
						logits!.data.map((value) => 2 * value),
					),
				}
			},
			async release(inner) {
				released += 10
				await inner.release()
			},
		})
		for (const index of [0, 1, 5]) {
			const plain = (await drawOf(randomised, index).evaluate(images, ['logits'])).logits!
			const { logits } = await drawOf(doubled, index).evaluate(images, ['logits'])
			expect(logits!.data).toEqual(plain.data.map((value) => 2 * value))
		}
		released = 0
		await drawOf(doubled, 2).release()
		expect(released).toBe(0)
		await doubled.release()
		expect(released).toBe(11)
	})
})

describe('no decorator lets a draw go around it:', () => {
	it('watching', async () => {
		let seen = 0
		const classifier = watched(randomised, (count) => {
			seen += count
		})
		for (const one of reachable(classifier)) await one.gradient(images, crossEntropyObjective, side)
		expect(seen).toBe(4 * 4)
	})

	it('counting passes', async () => {
		const counter = passCounter()
		for (const one of reachable(counter.watch(randomised))) {
			await one.evaluate(images, ['logits'])
			await one.gradient(images, crossEntropyObjective, side)
		}
		expect(counter.passes()).toEqual({ evaluations: 16, gradients: 16 })
	})

	it('withholding taps', async () => {
		for (const one of reachable(encoderOf(randomised))) {
			expect(one.taps).toEqual(['imageFeatures'])
			await one.evaluate(images, ['imageFeatures'])
			await expect(one.evaluate(images, ['logits'])).rejects.toThrow(/no classes and no logits/)
			await expect(one.gradient(images, crossEntropyObjective, side)).rejects.toThrow(/no classes and no logits/)
		}
	})

	it('resizing', async () => {
		const larger = float32([4, 3, 8, 10], new Float32Array(4 * 240).fill(0.5))
		for (const one of reachable(resizedClassifier(randomised, [3, 8, 10]))) {
			expect(one.inputShape).toEqual([3, 8, 10])
			const { gradient } = await one.gradient(larger, crossEntropyObjective, side)
			expect(gradient.shape).toEqual([4, 3, 8, 10])
			await expect(one.evaluate(images, ['logits'])).rejects.toThrow(/needs float32 \[B, 3, 8, 10\]/)
		}
	})

	it('a stand-in for gradients', async () => {
		const standIn = graph.withFeeds({ shift: noise(imageShape, 'stand-in', 0.2) })
		const expected = await standIn.gradient(images, crossEntropyObjective, side)
		for (const one of reachable(bpdaClassifier(randomised, standIn))) {
			expect((await one.gradient(images, crossEntropyObjective, side)).gradient).toEqual(expected.gradient)
		}
	})

	it('several, one around the other', async () => {
		const counter = passCounter()
		let seen = 0
		const both = watched(counter.watch(resizedClassifier(randomised, [3, 8, 10])), (count) => {
			seen += count
		})
		const larger = float32([4, 3, 8, 10], new Float32Array(4 * 240).fill(0.5))
		for (const one of reachable(both)) await one.gradient(larger, crossEntropyObjective, side)
		expect([seen, counter.passes().gradients]).toEqual([16, 16])
	})
})
