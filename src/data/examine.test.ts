import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { madeUpImages, writeMadeUpBenchmark } from './benchmarks/made-up-benchmark.test.helper.js'
import { examine } from './examine.js'

const all = { decode: 'all', parallel: 2 } as const

describe('examine, of a published data set', () => {
	it('counts images by class and split beside the published numbers', async () => {
		const root = await temporaryFolder()
		const folder = await writeMadeUpBenchmark(root)
		const found = await examine('eurosat', { root, ...all })
		expect(found).toMatchObject({
			name: 'eurosat',
			title: 'EuroSAT',
			folder,
			classNames: ['Forest', 'River'],
			missing: [],
		})
		expect(found.splits).toEqual({
			train: { images: 2, published: 13500, perClass: [1, 1] },
			validation: { images: 2, published: 5400, perClass: [1, 1] },
			test: { images: 2, published: 8100, perClass: [1, 1] },
		})
		expect(found.lists).toEqual([
			{
				path: join(folder, 'split_zhou_EuroSAT.json'),
				sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
				gitBlob: expect.stringMatching(/^[0-9a-f]{40}$/),
				published: false,
			},
		])
		expect(found.decoded).toEqual({ images: 6, of: 6, unreadable: [], grey: 0, cmyk: 0, alpha: 0 })
		expect(found.problems).toEqual([
			expect.stringMatching(/not the published split/),
			expect.stringMatching(/is incomplete/),
		])
		expect(found.notices).toEqual([])
	})

	it('finds missing and unreadable images, and the kinds of the others', async () => {
		const root = await temporaryFolder()
		const images = join(await writeMadeUpBenchmark(root), '2750')
		const [first, second, third, fourth, fifth] = madeUpImages.map((name) => join(images, name))
		const whole = await readFile(first!)
		const picture = () => sharp({ create: { width: 8, height: 8, channels: 3, background: '#4080c0' } })
		await writeFile(first!, whole.subarray(0, 50))
		await writeFile(second!, await picture().greyscale().toColourspace('b-w').jpeg().toBuffer())
		await writeFile(third!, await picture().toColourspace('cmyk').jpeg().toBuffer())
		await writeFile(fourth!, await picture().ensureAlpha(0.5).png().toBuffer())
		await rm(fifth!)
		const { missing, decoded, problems } = await examine('eurosat', { root, ...all })
		expect(missing).toEqual(['2750/river/2.png'])
		expect(decoded).toEqual({
			images: 5,
			of: 5,
			unreadable: [
				{ id: '2750/forest/1.png', reason: expect.stringMatching(/forest\/1\.png is not a readable image/) },
			],
			grey: 1,
			cmyk: 1,
			alpha: 1,
		})
		expect(problems.slice(2)).toEqual([
			'1 of the images are missing: 2750/river/2.png.',
			decoded?.unreadable[0]?.reason,
		])
	})

	it('decodes none or some, spread over all', async () => {
		const root = await temporaryFolder()
		await writeMadeUpBenchmark(root)
		expect((await examine('eurosat', { root, decode: 0, parallel: 1 })).decoded).toBeUndefined()
		const seen: number[][] = []
		const onProgress = (...counts: [number, number]) => seen.push(counts)
		const some = await examine('eurosat', { root, decode: 3, parallel: 1, onProgress })
		expect(some.decoded).toMatchObject({ images: 3, of: 6 })
		expect(seen).toEqual([
			[1, 3],
			[2, 3],
			[3, 3],
		])
	})

	it('is stopped by what its progress throws', async () => {
		const root = await temporaryFolder()
		await writeMadeUpBenchmark(root)
		let calls = 0
		const onProgress = () => {
			calls++
			throw new RangeError('enough')
		}
		await expect(examine('eurosat', { root, ...all, onProgress })).rejects.toThrow(new RangeError('enough'))
		expect(calls).toBeLessThanOrEqual(2)
	})

	it('reports what keeps it from being opened', async () => {
		const root = await temporaryFolder()
		const absent = await examine('dtd', { root, ...all })
		expect(absent.problems).toEqual([
			expect.stringMatching(/^Cannot find dtd below the data root .*: .*\/dtd does not exist\.$/),
		])
		expect(absent.obtain).toHaveLength(2)
		expect(absent.splits).toBeUndefined()
		await writeFile(join(await writeMadeUpBenchmark(root), 'split_zhou_EuroSAT.json'), '{')
		const damaged = await examine('eurosat', { root, ...all })
		expect(damaged.problems).toEqual([expect.stringMatching(/not valid JSON/)])
		expect(damaged.lists).toMatchObject([{ published: false }])
	})
})

describe('examine, of other data', () => {
	it('decodes a folder of class folders', async () => {
		const root = await temporaryFolder()
		await writeMadeUpBenchmark(root)
		const { name, folder, problems, splits, decoded, notices, lists } = await examine(join(root, 'eurosat/2750'), all)
		expect([name, folder]).toEqual(['2750', join(root, 'eurosat/2750')])
		expect(problems).toEqual([])
		expect(splits?.train).toEqual({ images: 4, perClass: [2, 2] })
		expect(decoded).toMatchObject({ images: 6, of: 6, unreadable: [] })
		expect(notices).toEqual([expect.stringMatching(/has no test split/)])
		expect(lists).toEqual([])
		const empty = join(root, 'empty')
		await mkdir(empty)
		expect((await examine(empty, all)).problems).toEqual([expect.stringMatching(/no class folders/)])
		for (const name of ['cat', 'dog']) {
			await mkdir(join(empty, name, 'more'), { recursive: true })
			await writeFile(join(empty, name, 'more', '1.bmp'), 'BM')
		}
		expect((await examine(empty, all)).problems).toEqual([
			expect.stringMatching(
				/class folder .*cat holds no images\. Its 1 files are \.bmp \(1\); naptune reads \.jpg, .* and \.avif/,
			),
		])
	})

	it('knows the data set of the package', async () => {
		const { problems, decoded } = await examine('cifar10-mini', { decode: 20, parallel: 2 })
		expect(problems).toEqual([])
		expect(decoded).toMatchObject({ images: 20, of: 2100, unreadable: [] })
	})

	it('throws where there is nothing to examine', async () => {
		await expect(examine('/nowhere', all)).rejects.toThrow(NaptuneError)
		await expect(examine('caltech101', all)).rejects.toThrow(/needs a data root/)
	})
})
