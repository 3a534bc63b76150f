import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../errors.js'
import { pythonRandom } from '../random/python-random.js'
import { loadCifar10Mini } from './cifar10-mini.js'
import { labelsOf } from './dataset.js'
import { fewShot, fewShotPositions } from './few-shot.js'

const shared = new URL('../../../shared/data/', import.meta.url)
const published = new URL('fewshot-caltech101/', shared)
const splitFile = new URL('caltech-101/split_zhou_Caltech101.json', shared)
const present = existsSync(published) && existsSync(splitFile)
const files = present ? readdirSync(published).filter((name) => name.endsWith('.json')) : []

interface PublishedList {
	readonly data: readonly { readonly impath: string; readonly label: number }[]
	readonly indices: readonly number[]
}
type SplitList = readonly (readonly [path: string, label: number, className: string])[]

describe.skipIf(!present)('fewShotPositions, against the published index files of Caltech101', () => {
	const split = present
		? (JSON.parse(readFileSync(splitFile, 'utf8')) as { train: SplitList; val: SplitList })
		: { train: [], val: [] }

	it('has index files for 1, 2, 4, 8 and 16 shots and three seeds', () => {
		expect(files).toHaveLength(15)
	})

	it.each(files)('%s', (name) => {
		const [, shots, seed] = /shot_(\d+)-seed_(\d+)/.exec(name)!
		const expected = JSON.parse(readFileSync(new URL(name, published), 'utf8')) as Record<
			'train' | 'val',
			PublishedList
		>
		const random = pythonRandom(Number(seed))
		for (const [part, count] of [
			['train', Number(shots)],
			['val', Math.min(Number(shots), 4)],
		] as const) {
			const list = split[part]
			const positions = fewShotPositions(
				list.map(([, label]) => label),
				count,
				random,
			)
			expect(positions).toEqual(expected[part].indices)
			expect(positions.map((at) => list[at]![0])).toEqual(
				expected[part].data.map(({ impath }) => impath.replace('./data/caltech-101/101_ObjectCategories/', '')),
			)
		}
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
