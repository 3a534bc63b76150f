import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { at, present } from '../../core/at.js'
import { loadCifar10Mini } from '../../data/cifar10-mini.js'
import type { Dataset } from '../../data/dataset.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { prepareImage } from '../../vlm/prepare-image.js'
import { controlDefense } from '../deployed/control.js'
import { loadTunedRun, type TunedRun } from '../deployed/tuned-run.js'
import { attackPhoto, type PhotoAttack } from './attack-photo.js'

const demo = fileURLToPath(new URL('../../../results/demo', import.meta.url))
let engine: ModelEngine
let run: TunedRun
let data: Dataset
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	run = await loadTunedRun(demo)
	data = await loadCifar10Mini()
})
afterAll(() => engine.close())

async function attacked(index: number, label?: number, epsilon = 3 / 255): Promise<PhotoAttack> {
	const { clip, defense, parameters } = run
	const found = await attackPhoto({
		engine,
		clip,
		models: [
			{ defense: controlDefense(clip, data), parameters: {} },
			{ defense, parameters },
		],
		photo: await data.test.image(index),
		...(label === undefined ? {} : { label }),
		attack: prepareAttack('pgd-5'),
		threatModel: threatModel('linf', epsilon),
		seed: 1,
		top: 3,
	})
	return present(found, 'photo')
}

describe('a photo under attack', () => {
	it('is changed by whole levels within epsilon, and what is told is told of those', async () => {
		const index = 5
		const { before, seen, size, attacked: models } = await attacked(index)
		expect(size).toBe(30)
		expect(before).toEqual(prepareImage(run.clip, await data.test.image(index)))
		expect(models.map(({ model }) => model)).toEqual(['vanilla', 'nap'])
		for (const [which, { label, after }] of models.entries()) {
			expect(label).toBe(at(at(seen, which), 0).index)
			const { pixels, pasted, fooled, seen: now } = present(after, 'attack')
			for (const [place, value] of pixels.entries()) {
				const levels = 255 * value
				expect(Math.abs(levels - Math.round(levels))).toBeLessThan(1e-3)
				expect(Math.abs(value - at(before, place))).toBeLessThanOrEqual(3 / 255 + 1e-6)
			}
			expect(fooled).toBe(at(at(now, which), 0).index !== label)
			// A photo that the model only crops gets the very same change.
			expect(prepareImage(run.clip, pasted.image)).toEqual(pixels)
			expect(pasted.seen).toEqual(now)
		}
		expect(at(models, 0).after?.fooled).toBe(true)
	})

	it('is left alone where a model is wrong already', async () => {
		for (const index of [3, 250, 610]) {
			const label = (data.test.label(index) + 1) % data.classNames.length
			const { seen, attacked: models } = await attacked(index, label)
			for (const [which, { after }] of models.entries()) {
				expect(after === undefined).toBe(at(at(seen, which), 0).index !== label)
			}
		}
	})

	it('stays as it is where epsilon is less than a level', async () => {
		const { before, attacked: models } = await attacked(5, undefined, 0.5 / 255)
		for (const { after } of models) expect(present(after, 'attack').pixels).toEqual(before)
	})
})
