import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { float32, int64 } from '../core/tensor.js'
import { ops } from '../onnx/index.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { createGraphClassifier, type GraphClassifierOptions } from './graph-classifier.js'
import { imageShape, linearGraph, networkGraph, noise, pixelCount, randomBatch } from './graphs.test.support.js'
import { crossEntropyObjective } from './objectives/objective.js'

const classNames = ['a', 'b', 'c', 'd']
const labels = [0, 1, 2, 3, 1]
const { images } = randomBatch(labels)
const side = { labels: int64([5], labels) }
const weight = noise([4, pixelCount], 'one')

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** A linear classifier whose weight is a bound input. */
const linear = () =>
	createGraphClassifier({
		engine,
		classNames,
		imageShape,
		build: linearGraph(ops.input('weight', 'float32', weight.shape)),
		feeds: { weight },
	})

describe('a graph that is no classifier', () => {
	const make = (build: GraphClassifierOptions['build'], options: Partial<GraphClassifierOptions> = {}) =>
		createGraphClassifier({ engine, classNames, imageShape, build, ...options })
	const network = networkGraph(4)

	it.each([
		['without logits', (x) => ({ hidden: network(x).hidden! }), /needs a tap logits \[B, 4\]; the graph has none/],
		['of other classes', networkGraph(5), /4 classes needs a tap logits \[B, 4\]; got \[B, 5\]/],
		['with a tap over the batch', (x) => ({ ...network(x), mean: ops.reduceMean(x) }), /Tap mean .* first axis B/],
		['with a double tap', (x) => ({ ...network(x), double: ops.cast(x, 'float64') }), /Tap double .* float64/],
		[
			'with an input of a name that is taken',
			(x) => ({ logits: ops.add(network(x).logits!, ops.input('side.labels', 'float32', [4])) }),
			/cannot have an input named side\.labels/,
		],
	] as [string, GraphClassifierOptions['build'], RegExp][])('%s is refused', async (_, build, message) => {
		await expect(make(build)).rejects.toThrow(NaptuneError)
		await expect(make(build)).rejects.toThrow(message)
	})

	it.each([1, 0, 2.5])('fixed batch %d is refused', async (fixedBatch) => {
		await expect(make(network, { fixedBatch })).rejects.toThrow(/fixed batch/)
	})

	it('of one image with a fixed batch, or with taps of more rows than the image, is refused', async () => {
		await expect(make(network, { oneImage: true, fixedBatch: 2 })).rejects.toThrow(/one image at a time .*got 2/)
		const twice = networkGraph(4)
		const build: GraphClassifierOptions['build'] = (x) => ({ ...twice(x), both: ops.concat([x, x], 0) })
		await expect(make(build, { oneImage: true })).rejects.toThrow(/Tap both .* first axis 1/)
	})
})

describe('a call that does not fit', () => {
	const objective = crossEntropyObjective

	it.each([
		['other sizes', float32([5, 3, 5, 4], images.data)],
		['no images', float32([0, ...imageShape], [])],
		['too little data', { ...images, shape: [6, ...imageShape] }],
	])('%s', async (_, wrong) => {
		const classifier = await linear()
		await expect(classifier.evaluate(wrong, ['logits'])).rejects.toThrow(/float32 \[B, 3, 4, 5\]/)
		await expect(classifier.gradient(wrong, objective, side)).rejects.toThrow(NaptuneError)
	})

	it('unknown or no taps, feeds and side inputs', async () => {
		const classifier = await linear()
		await expect(classifier.evaluate(images, ['hidden'])).rejects.toThrow(/requested are hidden; .*offers: logits/)
		await expect(classifier.evaluate(images, [])).rejects.toThrow(/requested are none/)
		const other = { ...objective, name: 'other', taps: ['logits', 'toString'] }
		await expect(classifier.gradient(images, other, side)).rejects.toThrow(/read by objective other/)
		await expect(classifier.gradient(images, objective, {})).rejects.toThrow(/labels as int64 \[5\]; it is missing/)
		await expect(classifier.gradient(images, objective, { labels: int64([4], [0, 1, 2, 3]) })).rejects.toThrow(
			/got int64 \[4\]/,
		)
		await expect(classifier.gradient(images, objective, { ...side, more: side.labels })).rejects.toThrow(
			/no side input more/,
		)
		const unbound = classifier.withFeeds({})
		await expect(unbound.evaluate(images, ['logits'])).rejects.toThrow(/without input weight/)
		const misspelt = classifier.withFeeds({ weight, wieght: weight })
		await expect(misspelt.evaluate(images, ['logits'])).rejects.toThrow(/no input wieght to bind; it has: weight/)
		await classifier.release()
	})

	it('an objective that is not one loss per image, whose failure is not kept', async () => {
		const classifier = await linear()
		const scalar = { ...objective, build: () => ops.reduceSum(ops.literal(weight)) }
		await expect(classifier.gradient(images, scalar, side)).rejects.toThrow(/shape \[\]; one float32 per image/)
		expect((await classifier.gradient(images, objective, side)).loss.shape).toEqual([5])
		await classifier.release()
	})
})
