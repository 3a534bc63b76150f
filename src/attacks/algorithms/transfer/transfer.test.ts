import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import { noise } from '../../../classifier/graphs.test.support.js'
import { predictions } from '../../../classifier/predictions.js'
import { range } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { float32, ops } from '../../../onnx/index.js'
import { generator } from '../../../random/counter-based.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { attackBatch } from '../../run/attack-batch.js'
import { imageStreams } from '../../run/image-streams.js'
import type { Surrogate } from './surrogate.js'
import { transferClasses, transferShape } from './transfer.test.support.js'

const threat = { norm: 'linf', epsilon: 24 / 255 } as const
const count = 90
const hidden = 40

/** Images of four classes: a faint pattern of the class under noise. */
function sample(name: string, size: number): AttackBatch {
	const patterns = noise([4, count], 'patterns', 0.07)
	const labels = range(0, size).map((index) => index % 4)
	const ids = labels.map((_, index) => `${name} ${index}`)
	const data = ids.flatMap((id, row) => {
		const stream = generator(1, id)
		return range(0, count).map((at) => {
			const value = 0.5 + patterns.data[labels[row]! * count + at]! + 0.1 * stream.normal()
			return Math.min(1, Math.max(0, value))
		})
	})
	return { images: float32([size, ...transferShape], data), labels, ids }
}

let engine: Engine
let victim: Classifier
let surrogates: Surrogate[]
const batch = sample('test', 100)

/** Classifies by the nearest class mean in random features, the means learned from images of its own. */
async function learned(name: string): Promise<Classifier> {
	const first = ops.literal(noise([hidden, count], `${name} features`, 0.5))
	const build = (means: Tensor<'float32'>, squares: Tensor<'float32'>) =>
		createGraphClassifier({
			engine,
			classNames: transferClasses,
			imageShape: transferShape,
			build: (pixels) => {
				const features = ops.quickGelu(ops.linear(ops.sub(ops.reshape(pixels, [-1, count]), 0.5), first, null))
				return { logits: ops.linear(features, ops.literal(means), ops.literal(squares)), features }
			},
		})
	const zero = await build(float32([4, hidden], new Float32Array(4 * hidden)), float32([4], [0, 0, 0, 0]))
	const { images, labels } = sample(`training of ${name}`, 400)
	const { features } = await zero.evaluate(images, ['features'])
	await zero.release()
	const means = new Float32Array(4 * hidden)
	labels.forEach((label, row) => {
		for (let at = 0; at < hidden; at++) means[label * hidden + at]! += features!.data[row * hidden + at]! / 100
	})
	const squares = range(0, 4).map(
		(label) => -0.5 * means.subarray(label * hidden, (label + 1) * hidden).reduce((sum, value) => sum + value ** 2, 0),
	)
	return build(float32([4, hidden], means), float32([4], squares))
}

async function accuracy(images: Tensor<'float32'>): Promise<number> {
	const predicted = predictions((await victim.evaluate(images, ['logits'])).logits!, batch.ids)
	return predicted.filter((predicted, row) => predicted === batch.labels[row]).length / batch.ids.length
}

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	victim = await learned('victim')
	surrogates = []
	for (const name of ['one', 'two', 'three']) {
		surrogates.push({ name, sha256: 'a'.repeat(64), classifier: await learned(name) })
	}
})
afterAll(() => engine.close())

describe('images made on surrogates', () => {
	it.each([
		['mi-cwa', 0.4, {}],
		['ssa-cwa', 0.4, { copies: 5 }],
		['mi-fgsm', 0.4, {}],
		['vmi-fgsm', 0.4, { neighbours: 5 }],
		['di-fgsm', 0.4, { rate: 1.6 }],
		['ags', 0.15, { steps: 60, tap: 'logits' }],
	] as const)(
		'of %s mislead a model that took no part, as noise of their size does not',
		async (name, margin, options) => {
			const chosen = name === 'ags' ? surrogates.slice(0, 1) : surrogates
			const attack = prepareAttack(name, { surrogates: chosen, ...options })
			const made = await attackBatch(attack, victim, batch, threat, imageStreams(1))
			const random = Float32Array.from(batch.images.data, (value, at) => {
				const sign = generator(2, 'sign', at).uniform() < 0.5 ? -1 : 1
				return Math.min(1, Math.max(0, value + sign * threat.epsilon))
			})
			const [clean, noisy, attacked] = [
				await accuracy(batch.images),
				await accuracy({ ...batch.images, data: random }),
				await accuracy(made),
			]
			expect(clean).toBeGreaterThan(0.9)
			expect(noisy).toBeGreaterThan(clean - 0.15)
			expect(attacked).toBeLessThan(noisy - margin)
		},
	)
})
