import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from '../../../classifier/graphs.test.support.js'
import { predictions } from '../../../classifier/predictions.js'
import { range } from '../../../core/rows.js'
import { ops } from '../../../onnx/index.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { attackBatch } from '../../run/attack-batch.js'
import { imageStreams } from '../../run/image-streams.js'

const streams = imageStreams(1)
const batch = randomBatch(range(0, 20).map((index) => index % 4))
let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

describe('PGD on the cosine margin', () => {
	const make = (temperature: number) =>
		createGraphClassifier({
			engine,
			classNames: ['a', 'b', 'c', 'd'],
			imageShape,
			build: (pixels) => ({ logits: ops.mul(networkGraph(4)(pixels).logits!, temperature) }),
		})

	it.each(['linf', 'l2'] as const)('does not depend on the temperature in %s, as cross entropy does', async (norm) => {
		const threat = { norm, epsilon: norm === 'linf' ? 0.05 : 0.2 }
		const run = async (name: string, temperature: number) => {
			const classifier = await make(temperature)
			const attack = prepareAttack(name, { steps: 6 })
			const images = await attackBatch(attack, classifier, batch, threat, streams)
			await classifier.release()
			return images.data
		}
		// Powers of two scale logits and gradients without rounding.
		expect(await run('pgd-margin', 128)).toEqual(await run('pgd-margin', 1))
		expect(await run('pgd-20', 128)).not.toEqual(await run('pgd-20', 1))
	})

	it('is recorded by name and has no target to reach', () => {
		expect(prepareAttack('pgd-margin').options).toMatchObject({ objective: 'margin', steps: 100 })
		expect(() => prepareAttack('pgd-margin', { targeted: true })).toThrow(/reaches no target/)
	})
})

describe('PGD towards targets', () => {
	it('is a preset whose labels are targets', async () => {
		const attack = prepareAttack('pgd-100-targeted')
		expect(attack.targeted).toBe(true)
		expect(attack.options).toEqual({ ...prepareAttack('pgd-100', { targeted: true }).options })
		const classifier = await createGraphClassifier({
			engine,
			classNames: ['a', 'b', 'c', 'd'],
			imageShape,
			build: networkGraph(4),
		})
		const images = await attackBatch(attack, classifier, batch, { norm: 'linf', epsilon: 0.1 }, streams)
		const { logits } = await classifier.evaluate(images, ['logits'])
		const reached = predictions(logits!, batch.ids).filter((predicted, row) => predicted === batch.labels[row])
		expect(reached.length).toBeGreaterThan(15)
		await classifier.release()
	})
})
