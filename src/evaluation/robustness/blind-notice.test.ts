import { afterAll, beforeAll, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import { isRobust } from '../../attacks/run/attack-outcomes.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { createGraphClassifier } from '../../classifier/graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from '../../classifier/graphs.test.support.js'
import { predict } from '../../classifier/predictions.js'
import { range, takeRows } from '../../core/rows.js'
import { ops, type Value } from '../../onnx/index.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { blindNotices } from './blind-notice.js'
import { evaluateImages } from './evaluate.js'

const count = 20
const { images, ids } = randomBatch(range(0, count).map(() => 0))

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

async function outcomes(edit: (logits: Value) => Value, attack: string) {
	const classifier: Classifier = await createGraphClassifier({
		engine,
		classNames: ['a', 'b', 'c', 'd'],
		imageShape,
		build: (pixels) => ({ logits: edit(networkGraph(4)(pixels).logits!) }),
	})
	const labels = await predict(classifier, images, ids)
	const found = await evaluateImages(
		{ classifier, attack: prepareAttack(attack), threatModel: threatModel('linf', 0.02), seed: 1 },
		{ ids, labels, pixels: async (rows) => takeRows(images, rows) },
	)
	await classifier.release()
	return found!.outcomes
}
const rounded = (logits: Value) => ops.div(ops.round(ops.mul(logits, 1000)), 1000)

it('a model that hides its gradient looks robust, and it is said that nothing was measured', async () => {
	const found = await outcomes(rounded, 'pgd-20')
	const robust = found.filter(isRobust).length
	expect(robust).toBeGreaterThan(count / 2)
	const [notice, ...others] = blindNotices(found)
	expect(others).toEqual([])
	expect(notice).toContain(`For ${robust} of the ${robust} images that count as robust, every gradient was zero`)
	expect(notice).toContain('naptune audit')
})

it('nothing is said where there is a gradient, nor of an attack that needs none', async () => {
	expect(blindNotices(await outcomes((logits) => logits, 'pgd-20'))).toEqual([])
	expect(blindNotices(await outcomes(rounded, 'square-1000'))).toEqual([])
})

it('every round counts: one that sees a gradient is enough', async () => {
	// The ratio of logits is 1 wherever the label is third, and has no gradient there; the other rounds have one.
	const found = await outcomes((logits) => logits, 'autoattack-rand')
	expect(found.filter(({ zeroGradient }) => zeroGradient)).toEqual([])
})
