import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Classifier } from '../../../classifier/classifier.js'
import { counted } from '../../../classifier/counted.test.support.js'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from '../../../classifier/graphs.test.support.js'
import { featureKl } from '../../../classifier/objectives/divergence-objectives.js'
import { NaptuneError } from '../../../core/errors.js'
import { range, takeRows } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { ops, type Value } from '../../../onnx/index.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { attackBatch } from '../../run/attack-batch.js'
import { rowsOf } from '../../run/attack-round.js'
import { imageStreams } from '../../run/image-streams.js'
import { perturbationSizes } from '../../sets/check-perturbation.js'
import type { ThreatModel } from '../../sets/threat-model.js'
import { pgd } from '../pgd/pgd.js'
import { type FeaturePgdOptions, featurePgd } from './feature-pgd.js'

const streams = imageStreams(1)
const batch = randomBatch(range(0, 20).map((index) => index % 4))
const threats: readonly ThreatModel[] = [
	{ norm: 'linf', epsilon: 0.03 },
	{ norm: 'l2', epsilon: 0.2 },
]
let engine: Engine
/** Networks with image features of 24 numbers, whose logits are the network's or other ones. */
const encoders: Classifier[] = []
const make = (build: (pixels: Value) => Record<string, Value>) =>
	createGraphClassifier({ engine, classNames: ['a', 'b', 'c', 'd'], imageShape, build })

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	const network = networkGraph(4)
	for (const factor of [1, -3]) {
		encoders.push(
			await make((pixels) => {
				const { logits, hidden } = network(pixels)
				return { logits: ops.mul(logits!, factor), imageFeatures: hidden! }
			}),
		)
	}
})
afterAll(() => engine.close())

describe.each(threats)('the feature attack in $norm', (threat) => {
	const attack = (options: FeaturePgdOptions, given = batch) =>
		attackBatch(featurePgd.prepare(options), encoders[0]!, given, threat, streams)
	const divergences = async (images: Tensor<'float32'>) => {
		const { objective } = featureKl(24)
		const { imageFeatures } = await encoders[0]!.evaluate(batch.images, ['imageFeatures'])
		return (await encoders[0]!.gradient(images, objective, { clean: imageFeatures! })).loss.data
	}

	it('moves features further than steps towards a wrong class, within the threat model', async () => {
		const images = await attack({ steps: 20 })
		for (const size of perturbationSizes(batch.images, images, threat.norm)) {
			expect(size).toBeLessThanOrEqual(threat.epsilon)
		}
		const own = await divergences(images)
		const other = await divergences(await attackBatch(pgd.prepare({ steps: 20 }), encoders[0]!, batch, threat, streams))
		expect(own.filter((value, row) => value > other[row]!).length).toBeGreaterThan(16)
	})

	it('knows neither labels nor logits', async () => {
		const images = await attack({ steps: 5 })
		const relabelled = { ...batch, labels: batch.labels.map((label) => (label + 1) % 4) }
		expect((await attack({ steps: 5 }, relabelled)).data).toEqual(images.data)
		expect((await attackBatch(featurePgd.prepare({ steps: 5 }), encoders[1]!, batch, threat, streams)).data).toEqual(
			images.data,
		)
	})

	it('does the same whatever the order and the batch', async () => {
		const whole = await attack({ steps: 5 })
		for (const rows of [[3], range(0, 20).reverse()]) {
			expect((await attack({ steps: 5 }, rowsOf(batch, rows))).data).toEqual(takeRows(whole, rows).data)
		}
	})

	it('is registered, with what it costs', async () => {
		const [round] = prepareAttack('feature-pgd', { steps: 5 }).rounds(4)
		const { classifier, calls } = counted(encoders[0]!)
		expect((await round!.run(classifier, batch, threat, streams)).data).toEqual((await attack({ steps: 5 })).data)
		expect({ ...calls, images: undefined }).toEqual({ ...round!.cost, images: undefined })
		expect(prepareAttack('feature-pgd').options).toEqual({ steps: 100, start: 'uniform', relativeStepSize: 0.25 })
	})
})

describe('the feature attack', () => {
	const threat = { norm: 'linf', epsilon: 0.03 } as const

	it('takes a start on one side and a step in pixel units', async () => {
		const options = { steps: 1, stepSize: 1e-6, start: 'one-sided' } as const
		const images = await attackBatch(featurePgd.prepare(options), encoders[0]!, batch, threat, streams)
		const changes = images.data.map((pixel, at) => pixel - batch.images.data[at]!)
		expect(Math.min(...changes)).toBeGreaterThan(-1e-5)
		expect(Math.max(...changes)).toBeGreaterThan(0.02)
	})

	it('refuses a classifier without image features and options that it lacks', async () => {
		const plain = await make(networkGraph(4))
		const result = attackBatch(featurePgd.prepare({}), plain, batch, threat, streams)
		await expect(result).rejects.toThrow(NaptuneError)
		await expect(result).rejects.toThrow(
			/needs the tap imageFeatures, which the classifier lacks; it has: logits, hidden/,
		)
		await plain.release()
		expect(() => prepareAttack('feature-pgd', { restarts: 2 })).toThrow(/restarts/)
		expect(() => prepareAttack('feature-pgd', { start: 'zero' })).toThrow(/start/)
		expect(() => featurePgd.prepare({ stepSize: 0.1, relativeStepSize: 0.1 })).toThrow(/not both/)
	})
})
