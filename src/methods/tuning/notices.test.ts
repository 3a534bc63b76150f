import { describe, expect, it } from 'vitest'
import type { EpochRecord } from '../../records/run.js'
import { tuningConfig } from './configuration.js'
import { fullSteps, learningNotices, stepNotices, type TuningNotice } from './notices.js'
import { stepsOfEpoch } from './training-images.js'

describe('notices before a run', () => {
	/** The plan of a configuration for so many images. */
	const noticesFor = (images: number, settings: Readonly<Record<string, unknown>> = {}) => {
		const config = tuningConfig(settings)
		const batchSize = Math.min(config.batchSize, images)
		return stepNotices(config, { images, batchSize, stepsPerEpoch: stepsOfEpoch(images, batchSize) })
	}

	it('warn of three steps, with the share of warm-up and what helps', () => {
		const notices = noticesFor(40, { epochs: 3 })
		expect(notices).toHaveLength(1)
		const [{ id, message }] = notices as [TuningNotice]
		expect(id).toBe('too-few-steps')
		expect(message).toContain(
			'3 optimizer steps, of which 1 (33 %) are warm-up: 3 epochs of 1, 40 images in batches of 40',
		)
		// 0.01 of a step, one whole, and one at half of 1 + cos 60°.
		expect(message).toContain('as far as 1.8 steps at the full rate of 0.0001')
		expect(message).toMatch(/These would help: more epochs \(epochs=\d+\), smaller batches \(batchSize=\d\)\./)
	})

	it('suggest what is enough', () => {
		const [notice] = noticesFor(40, { epochs: 3 })
		const value = (name: string) => Number(new RegExp(`${name}=(\\d+)`).exec(notice!.message)?.[1])
		expect(noticesFor(40, { epochs: value('epochs') })).toEqual([])
		expect(noticesFor(40, { epochs: 3, batchSize: value('batchSize') })).toEqual([])
	})

	it('warn of a run that is all warm-up, whatever its length', () => {
		const warm = { epochs: 5, batchSize: 10, optimizer: { warmupEpochs: 5 } }
		const [{ message }] = noticesFor(400, warm) as [TuningNotice]
		expect(message).toContain('200 optimizer steps, of which 200 (100 %) are warm-up')
		expect(message).toContain('no warm-up (optimizer.warmupRate=null)')
		expect(noticesFor(400, { ...warm, optimizer: { warmupRate: null } })).toEqual([])
	})

	it('leave the paper alone, down to its smallest data set', () => {
		expect(noticesFor(160)).toEqual([])
		expect(fullSteps(tuningConfig(), 1)).toBeGreaterThan(40)
	})
})

describe('notices after a run', () => {
	const epoch = (clean: number, adversarial: number | null, images = 100): EpochRecord => ({
		epoch: 0,
		learningRate: 1,
		alpha: 1,
		cleanLoss: 1,
		adversarialLoss: adversarial === null ? null : 1,
		cleanAccuracy: clean,
		adversarialAccuracy: adversarial,
		images,
	})

	it.each([
		['both stood still', [epoch(0.2, 0.1), epoch(0.25, 0.12)], true],
		['clean accuracy rose', [epoch(0.2, 0.1), epoch(0.5, 0.12)], false],
		['accuracy under attack rose', [epoch(0.9, 0.1), epoch(0.9, 0.4)], false],
		['it fell', [epoch(0.8, 0.4), epoch(0.3, 0.1)], true],
		['it is at the top, and so is that under attack', [epoch(0.99, 0.97), epoch(0.99, 0.98)], false],
		['it is at the top, but not under attack', [epoch(0.99, 0.1), epoch(0.99, 0.1)], true],
		['nothing is attacked, and it is at the top', [epoch(0.97, null), epoch(0.99, null)], false],
		['nothing is attacked, and it stood still', [epoch(0.5, null), epoch(0.52, null)], true],
		['many images rose a little', [epoch(0.5, null, 10_000), epoch(0.52, null, 10_000)], false],
		['one epoch tells nothing', [epoch(0.2, 0.1)], false],
		['there is no epoch', [], false],
	])('%s', (_, records, warned) => {
		const notices = learningNotices(records, 0)
		expect(notices.map(({ id }) => id)).toEqual(warned ? ['hardly-learned'] : [])
	})

	it('say what was seen, and that a run at chance answers the same to every image', () => {
		const [moved] = learningNotices([epoch(0.2, 0.1), epoch(0.25, 0.12)], 0)
		expect(moved!.message).toContain(
			'20.0 % in the first epoch, 25.0 % in the last; under the inner attack 10.0 % and 12.0 %',
		)
		const [chance] = learningNotices([epoch(0.5, null), epoch(0.33, null)], 3)
		expect(chance!.message).toContain('its last 3 epochs were at chance')
	})
})
