import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttackBatch } from '../classifier/attack-batch.js'
import type { Classifier } from '../classifier/classifier.js'
import { createGraphClassifier } from '../classifier/graph-classifier.js'
import { imageShape, networkGraph, pixelCount, randomBatch } from '../classifier/graphs.test.support.js'
import { passCounter } from '../classifier/pass-counter.js'
import { predictions } from '../classifier/predictions.js'
import { NaptuneError } from '../core/errors.js'
import { range, takeRows } from '../core/rows.js'
import { ops, type Value } from '../onnx/index.js'
import { createEngine, type Engine } from '../runtime/index.js'
import type { Surrogate } from './algorithms/transfer/surrogate.js'
import type { PreparedAttack } from './attack-definition.js'
import { attacks, prepareAttack } from './registry.js'
import { attackBatch } from './run/attack-batch.js'
import type { AttackOutcome, AttackTrial } from './run/attack-outcomes.js'
import { rowsOf } from './run/attack-round.js'
import { imageStreams } from './run/image-streams.js'
import { runAttack } from './run/run-attack.js'
import { checkPerturbation } from './sets/check-perturbation.js'
import type { Norm, ThreatModel } from './sets/threat-model.js'

/**
 * Options that make each attack short; every registered attack needs a line here. Attacks by transfer get the model itself
 * as their surrogate.
 */
const short: Readonly<Record<string, (surrogates: readonly Surrogate[]) => Readonly<Record<string, unknown>>>> = {
	pgd: () => ({ steps: 8 }),
	'feature-pgd': () => ({ steps: 10 }),
	apgd: () => ({ steps: 10 }),
	fab: () => ({ steps: 8, targets: 3 }),
	square: () => ({ queries: 60 }),
	autoattack: () => ({ steps: 6, queries: 30, targets: 2 }),
	cwa: (surrogates) => ({ surrogates, steps: 4 }),
	ags: (surrogates) => ({ surrogates, steps: 20, tap: 'imageFeatures' }),
	'mi-fgsm': (surrogates) => ({ surrogates }),
	'vmi-fgsm': (surrogates) => ({ surrogates, steps: 5, neighbours: 4 }),
	'di-fgsm': (surrogates) => ({ surrogates, rate: 1.6 }),
}
const cases = [...attacks.values()].flatMap(({ name, norms }) => norms.map((norm) => [name, norm] as const))
const threats: Readonly<Record<Norm, ThreatModel>> = {
	linf: { norm: 'linf', epsilon: 0.08 },
	l2: { norm: 'l2', epsilon: 0.8 },
}
const streams = imageStreams(3)
const count = 16

let engine: Engine
let classifier: Classifier
/** Images labelled as they are classified. */
let batch: AttackBatch

function classifierOf(classes: number, build: (pixels: Value) => Readonly<Record<string, Value>>): Promise<Classifier> {
	const classNames = range(0, classes).map((index) => `class ${index}`)
	return createGraphClassifier({ engine, classNames, imageShape, build })
}

/** A network of so many classes, which shows its hidden layer as image features. */
function network(classes: number): Promise<Classifier> {
	return classifierOf(classes, (pixels) => {
		const { logits, hidden } = networkGraph(classes)(pixels)
		return { logits: logits!, imageFeatures: hidden! }
	})
}

async function predicted(model: Classifier, images: AttackBatch['images']): Promise<number[]> {
	const { logits } = await model.evaluate(images, ['logits'])
	return predictions(
		logits!,
		range(0, images.shape[0]!).map((row) => `image ${row}`),
	)
}

async function labelled(model: Classifier, images = randomBatch(range(0, count).map(() => 0))): Promise<AttackBatch> {
	return { ...images, labels: await predicted(model, images.images) }
}

const shortened = (name: string, model = classifier): PreparedAttack =>
	prepareAttack(name, short[name]!([{ name: 'itself', sha256: '0'.repeat(64), classifier: model }]))

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	classifier = await network(5)
	batch = await labelled(classifier)
})
afterAll(() => engine.close())

it('has a short form of every registered attack', () => {
	expect(Object.keys(short).sort()).toEqual([...attacks.keys()].sort())
})

describe.each(cases)('%s in %s', (name, norm) => {
	const threat = threats[norm]
	const run = (own: AttackBatch, model = classifier, threatModel = threat) =>
		attackBatch(shortened(name, model), model, own, threatModel, streams)

	it('fools, within the threat model', async () => {
		const images = await run(batch)
		checkPerturbation(batch.images, images, threat, batch.ids)
		const fooled = (await predicted(classifier, images)).filter((one, row) => one !== batch.labels[row])
		expect(fooled.length).toBeGreaterThanOrEqual(count / 4)
	})

	it('makes the same bytes again, in any order and in batches of any size', async () => {
		const images = await run(batch)
		expect(await run(batch)).toEqual(images)
		const backwards = range(0, count).reverse()
		expect(takeRows(await run(rowsOf(batch, backwards)), backwards)).toEqual(images)
		for (const rows of [[0], [count - 1], [3, 4, 5], [9, 2]]) {
			expect(await run(rowsOf(batch, rows))).toEqual(takeRows(images, rows))
		}
	})

	it('goes on after a stop to the same outcomes', async () => {
		const attack = shortened(name)
		const labels = batch.labels.map((label, row) => (row % 5 === 0 ? (label + 1) % 5 : label))
		const images = { ids: batch.ids, labels, pixels: async (rows: readonly number[]) => takeRows(batch.images, rows) }
		const collect = async (
			batchSize: number,
			earlier: readonly AttackTrial[] = [],
			most = Number.POSITIVE_INFINITY,
		) => {
			const trials: AttackTrial[] = []
			const outcomes: AttackOutcome[] = []
			const options = { classifier, attack, threatModel: threat, images, streams, batchSize, earlier }
			for await (const part of runAttack(options)) {
				trials.push(...part.trials)
				outcomes.push(...part.outcomes)
				if (trials.length >= most) break
			}
			return { trials, outcomes: outcomes.sort((a, b) => batch.ids.indexOf(a.id) - batch.ids.indexOf(b.id)) }
		}
		const whole = await collect(7)
		expect(whole.outcomes.length).toBe(count)
		const stopped = await collect(4, [], count + 5)
		expect((await collect(3, stopped.trials)).outcomes).toEqual(whole.outcomes)
		const alone = await run({ ...batch, labels })
		const seen = await predicted(classifier, alone)
		// What a stage-wise run reports is what the attack does on its own.
		whole.outcomes.forEach(({ attacked, label, adversarialPrediction }, row) => {
			if (attacked) expect(adversarialPrediction === label).toBe(seen[row] === label)
		})
	})

	it('takes no more passes than it says, of the attacked model or its surrogate', async () => {
		const counter = passCounter()
		const watched = counter.watch(classifier)
		const attack = shortened(name, watched)
		const { evaluations, gradients } = attack.cost(5)
		await attackBatch(attack, watched, rowsOf(batch, [0, 1, 2, 3]), threat, streams)
		const passes = counter.passes()
		// The clean image and every candidate are judged by the engine.
		const judged = attack.skipsWrong ? 1 + attack.rounds(5).length : 0
		expect(passes.gradients).toBeLessThanOrEqual(4 * gradients)
		expect(passes.evaluations).toBeLessThanOrEqual(4 * (evaluations + judged))
		expect(passes.gradients + passes.evaluations).toBeGreaterThan(0)
		if (attack.rounds(5).length === 1 && !attack.skipsWrong) expect(passes.gradients).toBe(4 * gradients)
	})

	it('says where it saw no gradient but zero, and only there', async () => {
		const flat = await classifierOf(5, (pixels) => {
			const { logits, hidden } = networkGraph(5)(pixels)
			const hiding = (x: Value) => ops.div(ops.round(ops.mul(x, 100)), 100)
			return { logits: hiding(logits!), imageFeatures: hiding(hidden!) }
		})
		const images = { ...batch, pixels: async (rows: readonly number[]) => takeRows(batch.images, rows) }
		const outcomes = async (model: Classifier) => {
			const found: AttackOutcome[] = []
			const attack = shortened(name, model)
			const options = { classifier: model, attack, threatModel: threat, images, streams, batchSize: 6 }
			for await (const part of runAttack(options)) found.push(...part.outcomes)
			return found.filter(({ attacked }) => attacked)
		}
		const looks = shortened(name).cost(5).gradients > 0
		const [shown, hidden] = [await outcomes(classifier), await outcomes(flat)]
		expect(shown.filter(({ zeroGradient }) => zeroGradient)).toEqual([])
		expect(hidden.length).toBeGreaterThan(0)
		expect(hidden.filter(({ zeroGradient }) => zeroGradient)).toHaveLength(looks ? hidden.length : 0)
		await flat.release()
	})

	it('changes nothing at epsilon 0', async () => {
		expect(await run(batch, classifier, { norm, epsilon: 0 })).toEqual(batch.images)
	})

	it('leaves images alone that are wrong when clean, if it is said to', async () => {
		const wrong = { ...batch, labels: batch.labels.map((label) => (label + 1) % 5) }
		const images = await run(wrong)
		checkPerturbation(batch.images, images, threat, batch.ids)
		if (shortened(name).skipsWrong) expect(images).toEqual(batch.images)
	})

	it.each([2, 3, 8])('works with %i classes', async (classes) => {
		const model = await network(classes)
		const own = await labelled(model)
		const images = await run(own, model)
		checkPerturbation(own.images, images, threat, own.ids)
		const fooled = (await predicted(model, images)).filter((one, row) => one !== own.labels[row])
		expect(fooled.length).toBeGreaterThan(0)
		await model.release()
	})

	it('takes black images, ties and a classifier that says the same of everything', async () => {
		const black = { ...batch.images, data: new Float32Array(batch.images.data.length) }
		checkPerturbation(black, await run({ ...batch, images: black }), threat, batch.ids)
		const constant = await classifierOf(4, (pixels) => {
			const nothing = ops.mul(ops.reshape(pixels, [-1, pixelCount]), 0)
			return { logits: ops.slice(nothing, 1, 0, 4), imageFeatures: nothing }
		})
		const own = await labelled(constant)
		expect(own.labels).toEqual(own.labels.map(() => 0))
		const images = await run(own, constant)
		checkPerturbation(own.images, images, threat, own.ids)
		expect(await predicted(constant, images)).toEqual(own.labels)
		await constant.release()
	})

	it('names the images whose logits are not numbers', async () => {
		const bright = { ...batch.images, data: batch.images.data.slice() }
		bright.data.fill(1, 2 * pixelCount, 3 * pixelCount)
		// The root of a negative number for bright images.
		const broken = await classifierOf(5, (pixels) => {
			const { logits, hidden } = networkGraph(5)(pixels)
			const mean = ops.reduceMean(ops.reshape(pixels, [-1, pixelCount]), [1], true)
			const root = ops.sqrt(ops.sub(0.8, mean))
			return { logits: ops.add(logits!, root), imageFeatures: ops.add(hidden!, root) }
		})
		const attempt = run({ ...batch, images: bright }, broken)
		await expect(attempt).rejects.toThrow(NaptuneError)
		await expect(attempt).rejects.toThrow(/image 2/)
		await broken.release()
	})
})
