import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { int64, type Tensor, tensor } from '../../core/tensor.js'
import { fixedParameters, initialParameters, parameterInputs } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { textFeaturesInGraph } from '../../defenses/test-time/prompt-literals.js'
import { chooseTestTimeDefense } from '../../defenses/test-time/registry.js'
import type { PromptAdapter, TokenStatistics } from '../../defenses/test-time/test-time-defense.js'
import { augmentedViews } from '../../defenses/test-time/views.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { grad, ops } from '../../onnx/index.js'
import type { Value } from '../../onnx/value.js'
import { generator } from '../../random/counter-based.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { momentSums } from '../../statistics/moment-sums.js'
import { logScale } from '../../vlm/model.js'
import { similarityLogits } from '../../vlm/similarity.js'
import {
	classNames,
	doubles,
	inDoubles,
	namesOf,
	parameterFeeds,
	runOnce,
	tinyImages,
	tinyModel,
} from '../test-time/test-time.test.support.js'

const viewOptions = { views: 7, selected: 0.5, smallestCrop: 0.3, seed: 2 }
const image = doubles(tinyImages(1))
const pixels = ops.input('pixels', 'float64', [1, 3, 16, 16])

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** A hardened tiny model, its float64 twin, and token statistics of some other images. */
async function setting(name: string, options: object) {
	const model = await tinyModel(await temporaryFolder(), name, options)
	const twin = inDoubles(model)
	const others = ops.literal(tinyImages(6))
	const { layerInputs } = model.defense.imageFeatures(others, fixedParameters(model.parameters))
	const program = await engine.compile(Object.fromEntries(layerInputs.map((value, layer) => [`${layer}`, value])))
	const tokens = await program.run({})
	await program.release()
	const moments = (rows: number) =>
		layerInputs.map((_, layer) => {
			const { shape, data } = tokens[`${layer}`] as Tensor<'float32'>
			const size = data.length / shape[0]!
			const sums = momentSums()
			sums.add({ type: 'float32', shape: [rows, ...shape.slice(1)], data: data.slice(0, rows * size) })
			return sums.moments()
		})
	const statistics: TokenStatistics = { clean: moments(6), adversarial: moments(3) }
	return { model, twin, statistics }
}
type Setting = Awaited<ReturnType<typeof setting>>

async function adapter({ twin }: Setting, name: string, options: object): Promise<PromptAdapter> {
	return (await chooseTestTimeDefense(name, { ...viewOptions, ...options }).prepare(twin)) as PromptAdapter
}

const entropy = (row: readonly number[]) => -row.reduce((sum, p) => sum + p * Math.log(p), 0)
const softmax = (row: readonly number[]) => {
	const largest = Math.max(...row)
	const shares = row.map((value) => Math.exp(value - largest))
	const total = shares.reduce((sum, share) => sum + share, 0)
	return shares.map((share) => share / total)
}
const rowsOf = (values: Float64Array, width: number) =>
	Array.from({ length: values.length / width }, (_, row) => [...values.slice(row * width, (row + 1) * width)])
const close = (actual: ArrayLike<number>, expected: readonly number[], digits = 9) => {
	expect(actual.length).toBe(expected.length)
	expected.forEach((value, at) => {
		expect(actual[at]).toBeCloseTo(value, digits)
	})
}

/** One step of the optimizer as PyTorch documents it, on plain numbers. */
function stepped(optimizer: string, value: Tensor, gradient: Float64Array, rate: number, decay: number) {
	const data = Float64Array.from(value.data as Float64Array, (own, at) => {
		const g = gradient[at]!
		if (optimizer === 'sgd') return own - rate * g
		return own - rate * decay * own - (rate * g) / (Math.sqrt(g * g) + 1e-8)
	})
	return tensor('float64', value.shape, data)
}

describe.each(['sgd', 'adamw'])('with %s, in programs of their own', (optimizer) => {
	const update = { optimizer, learningRate: 0.02, weightDecay: 0.1 }

	it.each([
		['nap', { textPrompts: 2, visualPrompts: 2, contextDeviation: 0.5 }],
		['vanilla', {}],
	])('R-TPT over %s is: choose views, descend their entropy, vote', async (name, options) => {
		const own = await setting(name, options)
		const { clip, defense } = own.twin
		const tuned = await adapter(own, 'r-tpt', { ...update, neighbours: 3, temperature: 0.05 })
		const { logits } = await runOnce(engine, { logits: tuned.adapt(pixels).logits }, { pixels: image })

		// The text side: of the defense, or four words where it has no context.
		const text =
			name === 'nap' ? defense : prepareDefense('coop', clip, classNames, { textPrompts: 4, contextInit: 'words' })
		const start = parameterFeeds(name === 'nap' ? own.model.parameters : await initialParameters(text, 0))
		const views = augmentedViews(pixels, viewOptions)
		const features = defense.imageFeatures(views, fixedDoubles(own.model.parameters)).features
		const found = await runOnce(engine, { features, unit: ops.normalizeL2(features) }, { pixels: image })
		const { lookup, used } = parameterInputs(text, 'float64')
		const fed = ops.input('features', 'float64', [7, 12])
		const all = similarityLogits(fed, textFeaturesInGraph(text, lookup, 'float64'), logScale(clip))
		const contexts = namesOf(text, /^text\.context/)
		const chosen = ops.gather(all, ops.input('chosen', 'int64', [3]), 0)
		const plain = ops.neg(ops.reduceSum(ops.mul(ops.softmax(chosen), ops.log(ops.softmax(chosen))), [1]))
		const slopes = grad(
			ops.reduceMean(plain),
			contexts.map((context) => used.get(context)!),
		)
		const feeds = { ...start, features: tensor('float64', [7, 12], found.features!) }
		const before = rowsOf((await runOnce(engine, { all }, feeds)).all!, 3)
		const order = before.map((row, view) => ({ view, value: entropy(softmax(row)) })).sort((a, b) => a.value - b.value)
		const gradients = await runOnce(
			engine,
			Object.fromEntries(contexts.map((context, at) => [`slope of ${context}`, slopes[at]!])),
			{
				...feeds,
				chosen: int64(
					[3],
					order.slice(0, 3).map(({ view }) => view),
				),
			},
		)
		const moved = Object.fromEntries(
			contexts.map((context) => [
				context,
				stepped(optimizer, start[context]!, gradients[`slope of ${context}`]!, 0.02, 0.1),
			]),
		)
		const after = rowsOf((await runOnce(engine, { all }, { ...feeds, ...moved })).all!, 3)
		const unit = rowsOf(found.unit!, 12)
		const reliability = unit.map((a, view) => {
			const cosines = unit
				.filter((_, other) => other !== view)
				.map((b) => a.reduce((sum, x, at) => sum + x * b[at]!, 0))
			const nearest = cosines.sort((x, y) => y - x).slice(0, 3)
			return nearest.reduce((sum, value) => sum + value, 0) / 3 / 0.05
		})
		const weights = softmax(reliability)
		close(
			logits!,
			[0, 1, 2].map((c) => after.reduce((sum, row, view) => sum + weights[view]! * row[c]!, 0)),
			7,
		)
		const still = [0, 1, 2].map((c) => before.reduce((sum, row, view) => sum + weights[view]! * row[c]!, 0))
		expect(Math.hypot(...still.map((value, c) => value - logits![c]!))).toBeGreaterThan(1e-3)
	})

	it.each([
		['nap', { textPrompts: 2, visualPrompts: 2, contextDeviation: 0.5 }],
		['advpt-v', { contextDeviation: 0.5 }],
		['advpt-vlj', { contextDeviation: 0.5 }],
	])('TAPT over %s is: choose views, descend entropy and distance, classify the image', async (name, options) => {
		const own = await setting(name, options)
		const { clip, defense } = own.twin
		const weights = { alignmentWeight: 30, alignmentDepth: 1, adversarialShare: 0.3 }
		const tuned = await adapter(own, 'tapt', { ...update, ...weights })
		const built = tuned.adapt(pixels, own.statistics)
		const { logits } = await runOnce(engine, { logits: built.logits }, { pixels: image })

		const start = parameterFeeds(own.model.parameters)
		const { lookup, used } = parameterInputs(defense, 'float64')
		const model = (images: Value) => {
			const { features, layerInputs } = defense.imageFeatures(images, lookup)
			const text = textFeaturesInGraph(defense, lookup, 'float64')
			return { tokens: layerInputs[0]!, logits: similarityLogits(features, text, logScale(clip)) }
		}
		const seen = model(augmentedViews(pixels, viewOptions))
		const before = rowsOf((await runOnce(engine, { all: seen.logits }, { ...start, pixels: image })).all!, 3)
		const order = before.map((row, view) => ({ view, value: entropy(softmax(row)) })).sort((a, b) => a.value - b.value)
		const chosen = ops.input('chosen', 'int64', [3])
		const shares = ops.reduceMean(ops.softmax(ops.gather(seen.logits, chosen, 0)), [0])
		const kept = ops.gather(seen.tokens, chosen, 0)
		const mean = ops.reduceMean(kept, [0])
		// Mean of squares minus square of mean, which the implementation does not use.
		const variance = ops.sub(ops.reduceMean(ops.mul(kept, kept), [0]), ops.mul(mean, mean))
		const apart = (part: 'clean' | 'adversarial') => {
			const stored = own.statistics[part][0]!
			const literal = (value: Tensor) => ops.literal(doubles(value))
			const means = ops.reduceMean(ops.abs(ops.sub(mean, literal(stored.mean))))
			return ops.add(means, ops.reduceMean(ops.abs(ops.sub(variance, literal(stored.variance)))))
		}
		const aligned = ops.add(ops.mul(apart('adversarial'), 0.3 * 15), ops.mul(apart('clean'), 0.7 * 15))
		const loss = ops.add(ops.neg(ops.reduceSum(ops.mul(shares, ops.log(shares)))), aligned)
		const prompts = namesOf(defense, /^(text|visual)\.context|^coupling/)
		const slopes = grad(
			loss,
			prompts.map((prompt) => lookup(prompt)),
		)
		const gradients = await runOnce(
			engine,
			Object.fromEntries(prompts.map((prompt, at) => [`slope of ${prompt}`, slopes[at]!])),
			{
				...start,
				pixels: image,
				chosen: int64(
					[3],
					order.slice(0, 3).map(({ view }) => view),
				),
			},
		)
		expect(used.size).toBeGreaterThan(prompts.length - 1)
		const moved = Object.fromEntries(
			prompts.map((prompt) => [
				prompt,
				stepped(optimizer, start[prompt]!, gradients[`slope of ${prompt}`]!, 0.02, 0.1),
			]),
		)
		const { after } = await runOnce(engine, { after: model(pixels).logits }, { ...start, ...moved, pixels: image })
		close(logits!, [...after!], 7)
		expect(Math.hypot(...before[0]!.map((value, c) => value - logits![c]!))).toBeGreaterThan(1e-3)
	})
})

/** Parameters as float64 constants. */
function fixedDoubles(parameters: Readonly<Record<string, Tensor<'float32'>>>) {
	const own = fixedParameters(parameters)
	return (name: string) => ops.cast(own(name), 'float64')
}

describe('the gradient to the pixels', () => {
	it.each([
		['r-tpt', 'nap', { optimizer: 'sgd', learningRate: 0.5, neighbours: 3 }],
		['r-tpt', 'vanilla', { optimizer: 'sgd', learningRate: 0.5, steps: 2, neighbours: 3 }],
		['r-tpt', 'nap', { optimizer: 'adamw', learningRate: 0.01, steps: 2, neighbours: 3 }],
		['tapt', 'nap', { optimizer: 'sgd', learningRate: 0.02 }],
		['tapt', 'advpt-vlj', { optimizer: 'sgd', learningRate: 0.01, steps: 2, alignmentWeight: 10 }],
	])('of %s over %s with %j goes through the update', async (method, name, update) => {
		const options = name === 'nap' ? { textPrompts: 2, visualPrompts: 2, contextDeviation: 0.5 } : {}
		const own = await setting(name, options)
		const { logits } = (await adapter(own, method, update)).adapt(pixels, own.statistics)
		const loss = ops.crossEntropy(logits, ops.literal(int64([1], [1])))
		const program = await engine.compile({ loss, gradient: grad(loss, [pixels])[0]! })
		const look = async (data: Float64Array) => program.run({ pixels: tensor('float64', [1, 3, 16, 16], data) })
		const gradient = (await look(image.data as Float64Array)).gradient!.data as Float64Array
		const stream = generator(9, 'direction')
		for (let trial = 0; trial < 3; trial++) {
			const direction = gradient.map(() => stream.normal())
			const at = async (h: number) =>
				(await look(image.data.map((value, index) => value + h * direction[index]!))).loss!.data[0] as number
			const h = 1e-6
			const measured = ((await at(h)) - (await at(-h))) / (2 * h)
			const expected = gradient.reduce((sum, value, index) => sum + value * direction[index]!, 0)
			expect(Math.abs(measured - expected) / Math.abs(expected)).toBeLessThan(1e-4)
		}
		await program.release()
		// Prompts that do not move have another gradient: the update is not left out.
		const frozen = (await adapter(own, method, { ...update, steps: 0 })).adapt(pixels, own.statistics)
		const still = grad(ops.crossEntropy(frozen.logits, ops.literal(int64([1], [1]))), [pixels])[0]!
		const other = (await runOnce(engine, { still }, { pixels: image })).still!
		const difference = Math.hypot(...gradient.map((value, index) => value - other[index]!))
		expect(difference / Math.hypot(...gradient)).toBeGreaterThan(0.01)
	})
})
