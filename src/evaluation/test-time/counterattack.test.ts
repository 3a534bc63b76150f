import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GraphClassifier } from '../../classifier/graph-classifier.js'
import { crossEntropyObjective, type Objective } from '../../classifier/objectives/objective.js'
import { range, takeRows } from '../../core/rows.js'
import { int64, type Tensor } from '../../core/tensor.js'
import { fixedParameters } from '../../defenses/defense.js'
import { chooseTestTimeDefense } from '../../defenses/test-time/registry.js'
import type { ImagePurifier } from '../../defenses/test-time/test-time-defense.js'
import { counterattackNoise } from '../../defenses/test-time/ttc.js'
import { ops } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { type DeployedModel, deployedClassifier } from '../deployed/deployed-classifier.js'
import { bytes, tinyImages, tinyModel } from './test-time.test.support.js'
import { purifiedClassifier } from './test-time-classifier.js'

const size = 3 * 256
const count = 8
const options = { epsilon: 8 / 255, stepSize: 3 / 255, steps: 3, beta: 1.5, seed: 4 }

/** Squared distance of the features from given ones. */
const away: Objective = {
	name: 'squared distance of features',
	taps: ['imageFeatures'],
	side: { from: { type: 'float32', shape: [12] } },
	build: ({ imageFeatures }, { from }) => {
		const difference = ops.sub(imageFeatures!, from!)
		return ops.reduceSum(ops.mul(difference, difference), [1])
	},
}

/** Images of which some have pixels at the ends of the range. */
function pictures(): Tensor<'float32'> {
	const images = tinyImages(count)
	return { ...images, data: images.data.map((value, at) => (at % 5 === 0 ? Math.round(value) : value)) }
}

describe('the counterattack', () => {
	const images = pictures()
	let folder: string
	let engine: ModelEngine
	let model: DeployedModel
	let plain: GraphClassifier
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		folder = await mkdtemp(join(tmpdir(), 'naptune-test-'))
		model = await tinyModel(folder, 'nap', { textPrompts: 2, visualPrompts: 2, contextDeviation: 0.5 })
		plain = await deployedClassifier(engine, model.clip, model.defense, model.parameters)
	})
	afterAll(async () => {
		await engine.close()
		await rm(folder, { recursive: true, force: true })
	})

	async function counterattacked(threshold: number) {
		const { clip, defense } = model
		const prepared = await chooseTestTimeDefense('ttc', { ...options, threshold }).prepare({
			clip,
			defense,
			parameters: fixedParameters(model.parameters),
		})
		return purifiedClassifier(engine, plain, prepared as ImagePurifier, 'ttc')
	}

	/** Step by step on plain numbers, with gradients of the classifier: all perturbations, and the move under noise. */
	async function byHand() {
		const { epsilon, stepSize, steps, seed } = options
		const noise = counterattackNoise(16, { epsilon, seed }).data
		const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high)
		const box = (delta: number, at: number) =>
			clamp(clamp(delta, -epsilon, epsilon), -images.data[at]!, 1 - images.data[at]!)
		const features = async (pixels: Tensor<'float32'>) =>
			(await plain.evaluate(pixels, ['imageFeatures'])).imageFeatures as Tensor<'float32'>
		const moved = (delta: Float64Array) => ({ ...images, data: images.data.map((x, at) => x + delta[at]!) })
		const own = await features(images)
		const deltas = [Float64Array.from(images.data, (_, at) => box(noise[at % size]!, at))]
		const noisy = await features(moved(deltas[0]!))
		const row = (data: Float32Array, at: number) => [...data.slice(at * 12, (at + 1) * 12)]
		const moves = range(0, count).map((at) => {
			const before = row(own.data, at)
			return Math.hypot(...row(noisy.data, at).map((value, i) => value - before[i]!)) / Math.hypot(...before)
		})
		for (let step = 0; step < steps; step++) {
			const last = deltas.at(-1)!
			const { gradient } = await plain.gradient(moved(last), away, { from: own })
			deltas.push(last.map((delta, at) => box(delta + stepSize * Math.sign(gradient.data[at]!), at)))
		}
		return { deltas, moves }
	}

	it('is that of a computation step by step, on either side of the threshold', async () => {
		const { deltas, moves } = await byHand()
		const threshold = [...moves].sort((a, b) => a - b)[count / 2]!
		expect(moves.filter((move) => move < threshold)).toHaveLength(count / 2)
		const purified = await (await counterattacked(threshold)).purify(images)
		const weights = deltas.map((_, step) => Math.exp(options.beta * step))
		const total = weights.reduce((sum, weight) => sum + weight, 0)
		let same = 0
		for (let at = 0; at < purified.data.length; at++) {
			const stable = moves[Math.floor(at / size)]! < threshold
			const added = stable
				? deltas.reduce((sum, delta, step) => sum + (weights[step]! / total) * delta[at]!, 0)
				: deltas[0]![at]!
			if (Math.abs(purified.data[at]! - (images.data[at]! + added)) < 1e-6) same++
		}
		// The sign of a gradient that is nearly 0 may differ between two programs.
		expect(same).toBeGreaterThan(0.998 * purified.data.length)
	})

	it.each([0, 0.3, 1e9])('stays within its own epsilon and [0, 1] at threshold %d', async (threshold) => {
		const purified = await (await counterattacked(threshold)).purify(images)
		let largest = 0
		for (const [at, value] of purified.data.entries()) {
			expect(value).toBeGreaterThanOrEqual(0)
			expect(value).toBeLessThanOrEqual(1)
			largest = Math.max(largest, Math.abs(value - images.data[at]!))
		}
		expect(largest).toBeLessThan(options.epsilon + 1e-6)
		expect(largest).toBeGreaterThan(options.epsilon / 2)
	})

	it('is seen by the attacker as the identity: gradients are those at the counterattacked images', async () => {
		const { classifier, purify } = await counterattacked(1e9)
		const side = {
			labels: int64(
				[count],
				range(0, count).map((at) => at % 3),
			),
		}
		const purified = await purify(images)
		const seen = await classifier.gradient(images, crossEntropyObjective, side)
		const inner = await plain.gradient(purified, crossEntropyObjective, side)
		const plainly = await plain.gradient(images, crossEntropyObjective, side)
		expect(bytes(seen.gradient)).toBe(bytes(inner.gradient))
		expect(bytes(seen.loss)).toBe(bytes(inner.loss))
		expect(bytes(seen.gradient)).not.toBe(bytes(plainly.gradient))
		const { logits } = await classifier.evaluate(takeRows(images, [2]), ['logits'])
		expect(bytes(logits!)).toBe(bytes((await plain.evaluate(takeRows(purified, [2]), ['logits'])).logits!))
	})
})
