import { describe, expect, it } from 'vitest'
import { loadClip } from '../../checkpoints/load-clip.js'
import { loadCifar10Mini } from '../../data/cifar10-mini.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset, tinyTuning } from './tiny.test.support.js'
import { loadTrainingImages, positionsOfStep, stepsOfEpoch } from './training-images.js'

describe('steps of an epoch', () => {
	it.each([
		['EuroSAT', 160, 1],
		['Pets', 592, 1],
		['DTD', 752, 1],
		['Caltech', 1600, 3],
		['Cars', 3136, 6],
		['SUN', 6352, 12],
		['ImageNet', 16000, 31],
	])('of %s (%i images) at batch 512 are %i', (_, images, expected) => {
		expect(stepsOfEpoch(images, Math.min(512, images))).toBe(expected)
	})

	it('visit whole batches of different images, others in every epoch', () => {
		const epoch = (number: number, seed = 1) => [0, 1].map((step) => positionsOfStep(seed, number, step, 10, 4))
		for (const batches of [epoch(0), epoch(1)]) {
			expect(batches.map((batch) => batch.length)).toEqual([4, 4])
			expect(new Set(batches.flat()).size).toBe(8)
		}
		expect(epoch(0)).toEqual(epoch(0))
		expect(epoch(0)).not.toEqual(epoch(1))
		expect(epoch(0)).not.toEqual(epoch(0, 2))
		const left = (number: number) => [...Array(10).keys()].filter((image) => !epoch(number).flat().includes(image))
		expect(new Set([0, 1, 2, 3].map((number) => String(left(number)))).size).toBeGreaterThan(1)
	})
})

describe('loadTrainingImages', () => {
	const { train } = tinyDataset()
	const area = 3 * 16 * 16

	it.each(['random-resized-crop', 'crop-and-flip', 'none'])(
		'%s depends on seed, epoch and image alone',
		async (augmentation) => {
			const clip = await tinyClip(await temporaryFolder())
			const config = tinyTuning({ augmentation })
			const load = (positions: number[], epoch = 0, seed = 1) =>
				loadTrainingImages(clip, train, positions, { ...config, seed }, epoch)
			const batch = await load([3, 0, 7, 5])
			expect(batch.ids).toEqual(['train/3', 'train/0', 'train/7', 'train/5'])
			expect(batch.labels).toEqual([0, 0, 1, 1])
			expect(batch.pixels.data.every((value) => value >= 0 && value <= 1)).toBe(true)
			const alone = await load([7])
			expect(alone.pixels.shape).toEqual([1, 3, 16, 16])
			expect(batch.pixels.data.slice(2 * area, 3 * area)).toEqual(alone.pixels.data)
			const others = await Promise.all([load([7], 2), load([7], 0, 3)])
			for (const { pixels } of others) {
				if (augmentation === 'none') expect(pixels.data).toEqual(alone.pixels.data)
				else expect(pixels.data).not.toEqual(alone.pixels.data)
			}
		},
	)

	it.each([
		['none', '39e41e6a96a6b4ac'],
		['crop-and-flip', 'ed6eea76077485ae'],
		['random-resized-crop', 'af9c5904f7ea2a59'],
	])('%s makes the bytes that it has always made', async (augmentation, expected) => {
		const [clip, dataset] = [await loadClip('nano'), await loadCifar10Mini()]
		const positions = Array.from({ length: 100 }, (_, index) => 7 * index)
		const config = tinyTuning({ augmentation, seed: 3 })
		const { pixels } = await loadTrainingImages(clip, dataset.train, positions, config, 2)
		expect(sha256OfBytes(new Uint8Array(pixels.data.buffer)).slice(0, 16)).toBe(expected)
	})

	it('shifts and mirrors without changing a value', async () => {
		const clip = await tinyClip(await temporaryFolder())
		const plain = await loadTrainingImages(clip, train, [2], tinyTuning({ augmentation: 'none' }), 0)
		const shifts = new Set<string>()
		for (let epoch = 0; epoch < 12; epoch++) {
			const { pixels } = await loadTrainingImages(
				clip,
				train,
				[2],
				tinyTuning({ augmentation: 'crop-and-flip' }),
				epoch,
			)
			const found = views(plain.pixels.data, 16, 2).filter(({ view }) =>
				view.every((value, at) => value === pixels.data[at]),
			)
			expect(found).toHaveLength(1)
			shifts.add(found[0]!.name)
		}
		expect(shifts.size).toBeGreaterThan(6)
	})
})

/** All shifts by up to `reach` pixels, straight and mirrored. */
function views(image: Float32Array, size: number, reach: number): { readonly name: string; readonly view: number[] }[] {
	const offsets = Array.from({ length: 2 * reach + 1 }, (_, index) => index - reach)
	return [false, true].flatMap((mirrored) =>
		offsets.flatMap((top) =>
			offsets.map((left) => ({
				name: `${mirrored} ${top} ${left}`,
				view: Array.from({ length: 3 * size * size }, (_, at) => {
					const column = at % size
					const x = (mirrored ? size - 1 - column : column) + left
					const y = (Math.floor(at / size) % size) + top
					const inside = x >= 0 && x < size && y >= 0 && y < size
					return inside ? image[(Math.floor(at / size / size) * size + y) * size + x]! : 0
				}),
			})),
		),
	)
}
