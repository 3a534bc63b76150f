import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { threatModel } from '../attacks/sets/threat-model.js'
import type { AttackGallery } from '../evaluation/gallery/gallery.js'
import { evaluationRecord } from '../evaluation/robustness/evaluation-record.test.support.js'
import { type GalleryPicture, galleryPictures } from './gallery-images.js'

const view = [{ index: 0, className: 'x', probability: 1 }]

/** One image of 3 x 2 pixels under two models, of which only the second was attacked. */
function gallery(change: (at: number) => number, norm: 'linf' | 'l2' = 'linf'): AttackGallery {
	const {
		defense,
		images: _,
		clean: __,
		robust: ___,
		outcomes: ____,
		batchSize: _____,
		passes: ______,
		...record
	} = {
		...evaluationRecord('nap', [{ id: 'a', label: 0, cleanPrediction: 0, adversarialPrediction: 1, attacked: true }]),
		threatModel: threatModel(norm, norm === 'linf' ? 3 / 255 : 0.5),
	}
	const clean = Float32Array.from({ length: 18 }, (_, at) => (10 * at + 20) / 255)
	const pixels = clean.map((value, at) => value + change(at))
	return {
		record: { ...record, kind: 'gallery', models: [defense, defense], rule: '', pixels: '', images: [] },
		width: 3,
		height: 2,
		images: [{ id: 'a', label: 0, clean, models: [{ clean: view }, { clean: view, adversarial: view, pixels }] }],
	}
}

async function dots({ png }: GalleryPicture) {
	const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
	return {
		info,
		at: (x: number, y: number) => [...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3)],
	}
}

describe('galleryPictures', () => {
	it('enlarges pixel by pixel and shows changes around mid-grey by a whole factor', async () => {
		const { factor, images } = await galleryPictures(
			gallery((at) => ((at % 3) - 1) * (3 / 255)),
			7,
		)
		// 127 grey levels for 3.
		expect(factor).toBe(42)
		const [{ clean, models }] = images as [(typeof images)[0]]
		expect(models[0]).toBeUndefined()
		const { adversarial, difference } = models[1]!
		for (const { width, height } of [clean, adversarial, difference]) expect([width, height]).toEqual([12, 8])
		const [before, after, change] = [await dots(clean), await dots(adversarial), await dots(difference)]
		expect([before.info.format, before.info.width, before.info.height]).toEqual(['raw', 12, 8])
		for (const [x, y] of [
			[0, 0],
			[3, 3],
			[11, 7],
		] as const) {
			const pixel = Math.floor(y / 4) * 3 + Math.floor(x / 4)
			const own = [0, 1, 2].map((channel) => channel * 6 + pixel)
			expect(before.at(x, y)).toEqual(own.map((at) => 10 * at + 20))
			expect(after.at(x, y)).toEqual(own.map((at) => 10 * at + 20 + 3 * ((at % 3) - 1)))
			expect(change.at(x, y)).toEqual(own.map((at) => 128 + 42 * 3 * ((at % 3) - 1)))
		}
	})

	it('takes the largest change as the measure where epsilon bounds no pixel, and nothing where nothing is changed', async () => {
		const { factor } = await galleryPictures(gallery((at) => (at === 4 ? -5 / 255 : 1 / 255), 'l2'))
		expect(factor).toBe(25)
		const still = await galleryPictures(gallery(() => 0, 'l2'))
		expect(still.factor).toBe(1)
		expect((await dots(still.images[0]!.models[1]!.difference)).at(5, 5)).toEqual([128, 128, 128])
		expect(still.images[0]!.clean.width).toBe(64 * 3)
	})
})
