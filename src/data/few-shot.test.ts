import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { pythonRandom } from '../random/python-random.js'
import { readSplitFile } from './benchmarks/split-file.js'
import { loadCifar10Mini } from './cifar10-mini.js'
import { type Dataset, idsOf, labelsOf } from './dataset.js'
import { fewShot, fewShotPositions } from './few-shot.js'
import { loadDataset } from './registry.js'

const shared = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
const published = join(shared, 'fewshot-caltech101')
const present = existsSync(published) && existsSync(join(shared, 'caltech-101/101_ObjectCategories'))
const files = present ? readdirSync(published).filter((name) => name.endsWith('.json')) : []

interface PublishedList {
	readonly data: readonly { readonly impath: string; readonly label: number; readonly classname: string }[]
}

describe.skipIf(!present)('fewShot of Caltech101, against the published lists', () => {
	let dataset: Dataset
	beforeAll(async () => {
		dataset = await loadDataset('caltech101', { root: shared })
	})

	it('has the published split, and lists for 1, 2, 4, 8 and 16 shots and three seeds', () => {
		expect(dataset.notices).toEqual([])
		expect(files).toHaveLength(15)
	})

	it.each(files)('%s', (name) => {
		const [, shots, seed] = /shot_(\d+)-seed_(\d+)/.exec(name)!
		const lists = JSON.parse(readFileSync(join(published, name), 'utf8')) as Record<'train' | 'val', PublishedList>
		const sample = fewShot(dataset, Number(shots), Number(seed))
		for (const [own, list] of [
			[sample.train, lists.train],
			[sample.validation, lists.val],
		] as const) {
			expect(idsOf(own).map((id) => `./data/caltech-101/${id}`)).toEqual(list.data.map(({ impath }) => impath))
			expect(labelsOf(own).map((label) => [label, dataset.classNames[label]])).toEqual(
				list.data.map(({ label, classname }) => [label, classname]),
			)
		}
	})

	it('seed 1 draws these faces first, whose pictures can be decoded', async () => {
		const { train } = fewShot(dataset, 16, 1)
		expect(idsOf(train).slice(0, 3)).toEqual(
			['0201', '0225', '0160'].map((number) => `101_ObjectCategories/Faces/image_${number}.jpg`),
		)
		expect((await train.image(0)).rgb.length).toBeGreaterThan(10_000)
	})
})

const splits = join(shared, 'splits')
describe.skipIf(!existsSync(splits))('fewShotPositions of other published splits, seed 1, 16 shots', () => {
	const drawn = async (file: string, images: string) => {
		const { train } = await readSplitFile(join(splits, file), images)
		const positions = fewShotPositions(
			train.map(({ label }) => label),
			16,
			pythonRandom(1),
		)
		return { train, positions: positions.slice(0, 16) }
	}

	it('EuroSAT, whose classes are drawn from by sets', async () => {
		const { train, positions } = await drawn('split_zhou_EuroSAT.json', '2750')
		expect(positions).toEqual([275, 1165, 129, 522, 241, 1014, 920, 967, 1334, 777, 429, 192, 999, 58, 798, 886])
		expect(positions.slice(0, 3).map((at) => train[at]!.id)).toEqual(
			[2365, 93, 2552].map((number) => `2750/AnnualCrop/AnnualCrop_${number}.jpg`),
		)
	})

	it('Stanford Cars, whose first class is not the first label', async () => {
		const { train, positions } = await drawn('split_zhou_StanfordCars.json', '')
		const first = train.flatMap(({ label }, at) => (label === 13 ? [at] : []))
		expect(first).toHaveLength(34)
		expect(positions.map((at) => first.indexOf(at))).toEqual([
			8, 4, 16, 3, 15, 24, 14, 29, 20, 12, 6, 30, 26, 0, 28, 13,
		])
		expect(positions.slice(0, 3).map((at) => train[at]!.id)).toEqual(
			['00467', '03804', '03590'].map((number) => `cars_train/${number}.jpg`),
		)
	})
})

describe('fewShotPositions', () => {
	it('takes classes by first appearance, the right number of each, and all of a small class without drawing', () => {
		const labels = [2, 0, 2, 1, 0, 2, 1, 1, 2, 0, 3]
		const positions = fewShotPositions(labels, 2, pythonRandom(1))
		expect(positions.map((at) => labels[at])).toEqual([2, 2, 0, 0, 1, 1, 3])
		expect(fewShotPositions([5, 5, 5], 4, pythonRandom(1))).toEqual([0, 1, 2])
	})

	it('never takes an image twice', () => {
		fc.assert(
			fc.property(
				fc.array(fc.nat({ max: 4 }), { maxLength: 120 }),
				fc.integer({ min: 1, max: 30 }),
				fc.nat(),
				(labels, shots, seed) => {
					const positions = fewShotPositions(labels, shots, pythonRandom(seed))
					expect(new Set(positions).size).toBe(positions.length)
					for (const label of new Set(labels)) {
						const available = labels.filter((other) => other === label).length
						expect(positions.filter((at) => labels[at] === label)).toHaveLength(Math.min(available, shots))
					}
				},
			),
		)
	})
})

describe('fewShot', () => {
	it('samples training and at most four validation images per class, and leaves the test images', async () => {
		const whole = await loadCifar10Mini()
		const few = fewShot(whole, 16, 1)
		expect([few.train.length, few.validation.length, few.test.length]).toEqual([160, 40, 1000])
		expect(labelsOf(few.train)).toEqual(Array.from({ length: 160 }, (_, at) => Math.floor(at / 16)))
		const ids = new Set(Array.from({ length: 1000 }, (_, at) => whole.train.id(at)))
		for (let at = 0; at < 160; at++) expect(ids.has(few.train.id(at))).toBe(true)
		expect(few.notices).toEqual([])
		expect(few.origin).toMatchObject({ dataset: 'cifar10-mini', fewShot: { shots: 16, seed: 1 } })
	})

	it('says which classes are too small', async () => {
		const { notices, train } = fewShot(await loadCifar10Mini(), 101, 1)
		expect(train.length).toBe(1000)
		expect(notices).toEqual([
			expect.stringMatching(/^10 of 10 classes have fewer than 101.*airplane \(100\).*5 more\.$/),
		])
	})

	it.each([0, -1, 1.5, Number.NaN])('refuses %d shots', async (shots) => {
		const dataset = await loadCifar10Mini()
		expect(() => fewShot(dataset, shots, 1)).toThrow(NaptuneError)
	})
})
