import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { range } from '../../core/rows.js'
import { type Defense, initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { relativeError } from '../../files/golden.test.support.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { type BatchResult, batchGradients } from './batch-gradients.js'
import { tinyClip, tinyDataset, tinyTuning } from './tiny.test.support.js'
import { compileTuningPrograms } from './tuning-programs.js'

describe('batchGradients', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	/** The gradients of training images, by default of all 12. */
	async function gradients(
		config: ReturnType<typeof tinyTuning>,
		signal?: AbortSignal,
		positions: readonly number[] = range(0, 12),
	): Promise<BatchResult | undefined> {
		const clip = await tinyClip(await temporaryFolder())
		const { classNames, train } = tinyDataset()
		const defense: Defense = prepareDefense('nap', clip, classNames, config.defense.options)
		const programs = await compileTuningPrograms(engine, clip, defense, config, 'a photo of a {}.')
		const parameters = await initialParameters(defense, 1)
		const about = { engine, programs, clip, defense, config, training: train, parameters, positions }
		const before = JSON.stringify(Object.values(parameters).map(({ data }) => [...data]))
		const result = await batchGradients({ ...about, epoch: 0, alpha: 1.5, signal })
		expect(JSON.stringify(Object.values(parameters).map(({ data }) => [...data]))).toBe(before)
		await programs.release()
		return result
	}

	it('of micro-batches of any size are the same mean', async () => {
		// Without an attack, whose signs would turn the last bits of a gradient into whole steps.
		const config = (microBatchSize: number) => tinyTuning({ microBatchSize, attack: { epsilon: 0 } })
		const whole = (await gradients(config(12)))!
		expect(whole.sums.images).toBe(12)
		for (const size of [1, 5, 100]) {
			const { gradients: parts, sums } = (await gradients(config(size)))!
			expect(sums.images).toBe(12)
			expect(sums.cleanLoss).toBeCloseTo(whole.sums.cleanLoss, 4)
			expect(Object.keys(parts)).toEqual(Object.keys(whole.gradients))
			for (const [name, { data }] of Object.entries(parts)) {
				expect(relativeError(data, whole.gradients[name]!.data), `${name}, ${size} at a time`).toBeLessThan(1e-6)
			}
		}
	})

	it('of micro-batches of the same size are the same bytes', async () => {
		const first = (await gradients(tinyTuning()))!
		const second = (await gradients(tinyTuning()))!
		expect(second.sums).toEqual(first.sums)
		expect(first.sums.adversarialLoss).toBeGreaterThan(first.sums.cleanLoss)
		for (const [name, { data }] of Object.entries(second.gradients)) expect(data).toEqual(first.gradients[name]!.data)
	})

	it('are nothing when stopped', async () => {
		expect(await gradients(tinyTuning(), AbortSignal.abort())).toBeUndefined()
	})

	it.each([
		[12, 6, [12, 5]],
		[7, 4, [4, 1]],
	])('of half-clean batches of %i: %i clean images, then adversarial ones', async (images, cleanImages, sizes) => {
		// Classes take turns, so that no half has only one.
		const order = range(0, images).map((index) => (index * 5) % 12)
		const half = async (loss: string, positions: readonly number[]) =>
			(await gradients(tinyTuning({ loss }), undefined, positions))!.gradients
		const clean = await half('clean', order.slice(0, cleanImages))
		const adversarial = await half('adversarial', order.slice(cleanImages))
		const share = cleanImages / images
		for (const microBatchSize of sizes) {
			const config = tinyTuning({ loss: 'half-and-half', microBatchSize })
			const { gradients: whole, sums } = (await gradients(config, undefined, order))!
			expect(sums.images).toBe(images)
			expect(Object.keys(whole)).toEqual(Object.keys(clean))
			for (const [name, { data }] of Object.entries(whole)) {
				const expected = Float64Array.from(
					clean[name]!.data,
					(value, at) => share * value + (1 - share) * adversarial[name]!.data[at]!,
				)
				expect(relativeError(data, expected), `${name}, ${microBatchSize} at a time`).toBeLessThan(1e-5)
			}
		}
	})
})
