import { expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset, tinyTuning } from './tiny.test.support.js'
import { trainingFeed } from './training-feed.js'
import { loadTrainingImages, positionsOfStep } from './training-images.js'

it('hands out the micro-batches of all steps in order, from any step on', async () => {
	const clip = await tinyClip(await temporaryFolder())
	const { train } = tinyDataset()
	const config = tinyTuning({ augmentation: 'random-resized-crop', microBatchSize: 3 })
	const expected: unknown[] = []
	for (const step of [1, 2, 3]) {
		const positions = positionsOfStep(config.seed, Math.floor(step / 2), step % 2, train.length, 5)
		for (const part of [positions.slice(0, 3), positions.slice(3)]) {
			expected.push(await loadTrainingImages(clip, train, part, config, Math.floor(step / 2)))
		}
	}
	const feed = trainingFeed(clip, train, config, { from: 1, to: 4, stepsPerEpoch: 2, batchSize: 5 })
	for (const images of expected) expect(await feed.next()).toEqual(images)
	await expect(feed.next()).rejects.toThrow('no further batches')
})

it('closes before its end, also when the image on its way cannot be read', async () => {
	const clip = await tinyClip(await temporaryFolder())
	const { train } = tinyDataset()
	const config = tinyTuning({ microBatchSize: 4 })
	const read: number[] = []
	const second = positionsOfStep(config.seed, 0, 0, train.length, 12).slice(4, 8)
	const broken = {
		...train,
		async image(index: number) {
			read.push(index)
			if (second.includes(index)) throw new Error('damaged')
			return train.image(index)
		},
	}
	const feed = trainingFeed(clip, broken, config, { from: 0, to: 1, stepsPerEpoch: 1, batchSize: 12 })
	await feed.next()
	await feed.close()
	const seen = read.length
	await new Promise((resolve) => setTimeout(resolve, 20))
	expect(read).toHaveLength(seen)
	// The first of the second micro-batch may have been on its way.
	expect([4, 5]).toContain(seen)
})
