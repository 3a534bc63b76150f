import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import { imageShape, linearGraph, networkGraph, noise, pixelCount } from '../../../classifier/graphs.test.support.js'
import { range, takeRows } from '../../../core/rows.js'
import { ops, type Value } from '../../../onnx/index.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { attackBatch } from '../../run/attack-batch.js'
import { rowsOf } from '../../run/attack-round.js'
import { imageStreams } from '../../run/image-streams.js'
import { perturbationSizes } from '../../sets/check-perturbation.js'
import { perturbationSet } from '../../sets/registry.js'
import type { Norm } from '../../sets/threat-model.js'
import { fab } from './fab.js'
import { bytes, counted, fooledRows, rightBatch } from './fab.test.support.js'
import type { FabOptions } from './fab-options.js'

const norms: readonly Norm[] = ['linf', 'l2']
const streams = imageStreams(1)

let engine: Engine
let network: Classifier
/** 24 images with the network's own predictions as labels. */
let batch: AttackBatch
const make = (classes: number, build: (pixels: Value) => Record<string, Value>) =>
	createGraphClassifier({ engine, classNames: range(0, classes).map(String), imageShape, build })
/** One round of FAB. */
const round = (norm: Norm, epsilon: number, options: FabOptions, index = 0, seed = 1) => {
	const rounds = prepareAttack('fab', options).rounds(network.classNames.length)
	return rounds[index]!.run(network, batch, { norm, epsilon }, imageStreams(seed))
}

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	network = await make(5, networkGraph(5))
	batch = await rightBatch(network, 24)
})
afterAll(() => engine.close())

describe.each(norms)('FAB in %s', (norm) => {
	const epsilon = norm === 'linf' ? 0.02 : 0.12
	const large = norm === 'linf' ? 1 : 8

	it.each(['targeted', 'untargeted'] as const)('%s fools within epsilon, by less than epsilon', async (mode) => {
		const images = await attackBatch(fab.prepare({ mode, steps: 10 }), network, batch, { norm, epsilon }, streams)
		const sizes = perturbationSizes(batch.images, images, norm)
		const fooled = await fooledRows(network, batch, images)
		expect(fooled.length).toBeGreaterThan(5)
		expect(fooled.length).toBeLessThan(20)
		for (const row of range(0, 24)) {
			if (fooled.includes(row)) expect(sizes[row]).toBeLessThanOrEqual(epsilon)
			else expect(sizes[row]).toBe(0)
		}
		expect(fooled.reduce((sum, row) => sum + sizes[row]!, 0) / fooled.length).toBeLessThan(0.8 * epsilon)
		const projected = images.data.slice()
		perturbationSet({ norm, epsilon }, batch.images).project(projected)
		expect(projected).toEqual(images.data)
	})

	it('gets nearer with more steps', async () => {
		const distances = await Promise.all(
			[1, 4, 30].map(async (steps) => {
				const images = await round(norm, large, { steps })
				expect((await fooledRows(network, batch, images)).length).toBeGreaterThan(0)
				// What was not found is as far as anything can be.
				return perturbationSizes(batch.images, images, norm).map((size) => size || large)
			}),
		)
		const mean = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0) / sizes.length
		expect(mean(distances[1]!)).toBeLessThan(mean(distances[0]!))
		expect(mean(distances[2]!)).toBeLessThan(mean(distances[1]!))
		distances[2]!.forEach((size, row) => {
			expect(size).toBeLessThanOrEqual(distances[1]![row]!)
		})
	})

	it('takes an image whose change is exactly epsilon, and none beyond', async () => {
		const options = { steps: 20 }
		const nearest = await round(norm, large, options)
		const distance = perturbationSizes(batch.images, nearest, norm)[5]!
		expect(distance).toBeGreaterThan(0)
		const at = await round(norm, distance, options)
		const below = await round(norm, distance * (1 - 1e-12), options)
		expect(bytes(takeRows(at, [5]))).toBe(bytes(takeRows(nearest, [5])))
		expect(bytes(takeRows(below, [5]))).toBe(bytes(takeRows(batch.images, [5])))
	})

	it.each([
		{ mode: 'targeted', targets: 2, restarts: 2, steps: 4 },
		{ mode: 'untargeted', restarts: 2, steps: 4 },
	] as const)('does the same whatever the order and the batch: %j', async (options) => {
		const run = (given: AttackBatch) => attackBatch(fab.prepare(options), network, given, { norm, epsilon }, streams)
		const whole = await run(batch)
		expect(bytes(await run(batch))).toBe(bytes(whole))
		for (const rows of [[3], [20, 0], range(0, 24).reverse()]) {
			expect(bytes(await run(rowsOf(batch, rows)))).toBe(bytes(takeRows(whole, rows)))
		}
	})

	it('draws only restarts, from the seed and the image, and leaves what it is given alone', async () => {
		const before = bytes(batch.images)
		const options = { restarts: 2, steps: 5 }
		const run = (index: number, seed: number) => round(norm, large, options, index, seed)
		expect(bytes(await run(0, 2))).toBe(bytes(await run(0, 1)))
		const restart = await run(1, 1)
		expect(bytes(await run(1, 1))).toBe(bytes(restart))
		expect(bytes(await run(1, 2))).not.toBe(bytes(restart))
		expect(bytes(await run(0, 1))).not.toBe(bytes(restart))
		const [one, ...others] = [batch, rowsOf(batch, [7, 3])]
		const part = await prepareAttack('fab', options)
			.rounds(5)[1]!
			.run(network, others[0]!, { norm, epsilon: large }, streams)
		expect(bytes(part)).toBe(bytes(takeRows(restart, [7, 3])))
		expect(bytes(one.images)).toBe(before)
	})

	it('gets to the nearest point of the box beyond the boundary of a linear classifier', async () => {
		const weight = noise([2, pixelCount], 'two classes')
		const linear = await make(2, linearGraph(ops.literal(weight)))
		const given = await rightBatch(linear, 12)
		const rounds = prepareAttack('fab', { steps: 40 }).rounds(2)
		expect(rounds).toHaveLength(1)
		const images = await rounds[0]!.run(linear, given, { norm, epsilon: large }, streams)
		expect(await fooledRows(linear, given, images)).toHaveLength(12)
		const sizes = perturbationSizes(given.images, images, norm)
		given.labels.forEach((label, row) => {
			const slope = range(0, pixelCount).map(
				(at) => weight.data[label * pixelCount + at]! - weight.data[(1 - label) * pixelCount + at]!,
			)
			const pixels = given.images.data.subarray(row * pixelCount, (row + 1) * pixelCount)
			const least = leastDistance(norm, pixels, slope)
			expect(sizes[row]! / least).toBeGreaterThan(1 - 1e-4)
			expect(sizes[row]! / least).toBeLessThan(1.02)
		})
		await linear.release()
	})

	it('untargeted gets as near as the nearest of all targets, and both as near as they should', async () => {
		const options = { steps: 40 }
		const distance = async (given: FabOptions, index: number) =>
			perturbationSizes(batch.images, await round(norm, large, given, index), norm)
		const untargeted = await distance({ ...options, mode: 'untargeted' }, 0)
		const targeted = await Promise.all(range(0, 4).map((target) => distance(options, target)))
		const ratios = untargeted.map((size, row) => size / Math.min(...targeted.map((sizes) => sizes[row] || large)))
		expect(ratios.filter((ratio) => ratio < 1.05).length).toBeGreaterThanOrEqual(22)
		expect(ratios.filter((ratio) => ratio > 0.95).length).toBeGreaterThanOrEqual(22)
	})
})

/** The least change inside the box that brings slope · pixels to 0, by bisection on the level of all pixels. */
function leastDistance(norm: Norm, pixels: Float32Array, slope: readonly number[]): number {
	const needed = slope.reduce((sum, weight, at) => sum + weight * pixels[at]!, 0)
	const change = (level: number) =>
		slope.map((weight, at) => {
			const room = weight > 0 ? pixels[at]! : 1 - pixels[at]!
			return Math.min(room, norm === 'linf' ? level : level * Math.abs(weight))
		})
	let [low, high] = [0, 1e3]
	for (let halving = 0; halving < 200; halving++) {
		const level = (low + high) / 2
		const moved = change(level).reduce((sum, step, at) => sum + step * Math.abs(slope[at]!), 0)
		if (moved < needed) low = level
		else high = level
	}
	const steps = change(high)
	return norm === 'linf' ? Math.max(...steps) : Math.hypot(...steps)
}

describe('the rounds of FAB', () => {
	it.each([
		[2, 1],
		[3, 2],
		[8, 7],
		[10, 9],
		[500, 9],
	])('for %d classes aim at %d targets, each restart of one after the other', (classes, targets) => {
		const rounds = prepareAttack('fab-t').rounds(classes)
		expect(rounds.map(({ name }) => name)).toEqual(range(0, targets).map((target) => `fab-t target ${target + 1}`))
		expect(new Set(rounds.map(({ stage }) => stage))).toEqual(new Set(['fab-t']))
		const twice = prepareAttack('fab-t', { restarts: 2 }).rounds(classes)
		expect(twice).toHaveLength(2 * targets)
		expect(twice.slice(0, 2).map(({ name }) => name)).toEqual(['fab-t target 1 restart 1', 'fab-t target 1 restart 2'])
	})

	it.each(['targeted', 'untargeted'] as const)('call the %s classifier as often as they say', async (mode) => {
		const { classifier, calls } = counted(network)
		const [first] = prepareAttack('fab', { mode, steps: 3 }).rounds(5)
		await first!.run(classifier, batch, { norm: 'linf', epsilon: 0.1 }, streams)
		expect(calls).toEqual({ evaluations: 24 * first!.cost.evaluations, gradients: 24 * first!.cost.gradients })
		expect(calls.gradients).toBe(24 * 3 * (mode === 'targeted' ? 1 : 4))
	})

	it.each([2, 3, 8])('fool a network of %d classes', async (classes) => {
		const other = await make(classes, networkGraph(classes))
		const given = await rightBatch(other, 12)
		for (const preset of ['fab-t', 'fab-u']) {
			const attack = prepareAttack(preset, { steps: 20, restarts: 1 })
			const images = await attackBatch(attack, other, given, { norm: 'linf', epsilon: 0.2 }, streams)
			expect(await fooledRows(other, given, images)).toHaveLength(12)
		}
		await other.release()
	})

	it('of later targets and restarts go on with what is left, and find more', async () => {
		const fooled = await Promise.all(
			[{ targets: 1 }, { targets: 4 }, { targets: 4, restarts: 4 }].map(async (options) => {
				const images = await attackBatch(
					fab.prepare({ ...options, steps: 1 }),
					network,
					batch,
					{ norm: 'linf', epsilon: 0.025 },
					streams,
				)
				return { images, rows: await fooledRows(network, batch, images) }
			}),
		)
		expect(fooled[1]!.rows).toEqual(expect.arrayContaining(fooled[0]!.rows))
		expect(fooled[2]!.rows.length).toBeGreaterThanOrEqual(fooled[1]!.rows.length)
		expect(fooled[2]!.rows.length).toBeGreaterThan(fooled[0]!.rows.length)
		expect(bytes(takeRows(fooled[1]!.images, fooled[0]!.rows))).toBe(
			bytes(takeRows(fooled[0]!.images, fooled[0]!.rows)),
		)
	})
})
