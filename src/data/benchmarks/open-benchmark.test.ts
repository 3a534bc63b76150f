import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { idsOf, labelsOf } from '../dataset.js'
import { datasetNames, loadDataset } from '../registry.js'
import { zeroShotTemplates } from '../templates.js'
import { benchmarks } from './all.js'
import { writeMadeUpBenchmark } from './made-up-benchmark.test.helper.js'
import { fingerprintsOf } from './open-benchmark.js'

describe('the published data sets', () => {
	it('are the eleven of the paper, and ImageNet with one test image per class, each with a template and sources', () => {
		expect(benchmarks.map(({ name }) => name)).toEqual([
			'imagenet',
			'imagenet-1000',
			'caltech101',
			'dtd',
			'eurosat',
			'fgvc-aircraft',
			'food101',
			'oxford-flowers',
			'oxford-pets',
			'stanford-cars',
			'sun397',
			'ucf101',
		])
		for (const { name, obtain } of benchmarks) {
			expect(datasetNames).toContain(name)
			expect(Object.keys(zeroShotTemplates)).toContain(name)
			expect(obtain.join(' ')).toMatch(/https?:/)
		}
	})

	it('have 84,696 test images together, with 1,000 of ImageNet', () => {
		const tested = benchmarks.filter(({ name }) => name !== 'imagenet')
		expect(tested.reduce((sum, { sizes }) => sum + sizes.test, 0)).toBe(84_696)
	})
})

describe('loadDataset of a published name', () => {
	it('reads lists and images where they lie, and says what is not as published', async () => {
		const root = await temporaryFolder()
		const folder = await writeMadeUpBenchmark(root)
		const { name, classNames, train, validation, test, notices, origin } = await loadDataset('eurosat', { root })
		expect([name, ...classNames]).toEqual(['eurosat', 'Forest', 'River'])
		expect([idsOf(train), labelsOf(validation), idsOf(test)]).toEqual([
			['2750/forest/1.png', '2750/river/1.png'],
			[0, 1],
			['2750/forest/3.png', '2750/river/3.png'],
		])
		expect([...(await test.image(1)).rgb.subarray(0, 3)]).toEqual([200, 200, 100])
		expect(await test.source?.(1)).toEqual({ kind: 'file', path: join(folder, '2750/river/3.png') })
		expect(() => test.id(2)).toThrow(RangeError)
		expect(notices).toEqual([
			expect.stringMatching(/split_zhou_EuroSAT\.json is not the published split.*published one 6bdc847a/),
			expect.stringMatching(/2 classes \(published: 10\), 2 train images \(published: 13500\)/),
		])
		expect(origin).toEqual({ dataset: 'eurosat', root, contents: expect.stringMatching(/^[0-9a-f]{64}$/) })
	})

	it('has another origin when a label changes, and none but the root elsewhere', async () => {
		const root = await temporaryFolder()
		const folder = await writeMadeUpBenchmark(root)
		const { origin } = await loadDataset('eurosat', { root })
		const elsewhere = await temporaryFolder()
		await symlink(folder, join(elsewhere, 'eurosat'))
		expect((await loadDataset('eurosat', { root: elsewhere })).origin).toEqual({ ...origin, root: elsewhere })
		const path = join(folder, 'split_zhou_EuroSAT.json')
		const { train, ...rest } = JSON.parse(await readFile(path, 'utf8')) as { train: unknown[] }
		await writeFile(path, JSON.stringify({ train: train.reverse(), ...rest }))
		const other = (await loadDataset('eurosat', { root })).origin
		expect(other).toEqual({ ...origin, contents: expect.stringMatching(/^[0-9a-f]{64}$/) })
		expect(other).not.toEqual(origin)
	})

	it('names classes that read the same', async () => {
		const root = await temporaryFolder()
		const path = join(await writeMadeUpBenchmark(root), 'split_zhou_EuroSAT.json')
		await writeFile(path, (await readFile(path, 'utf8')).replaceAll('"River"', '"forest_"'))
		expect((await loadDataset('eurosat', { root })).notices.at(-1)).toMatch(
			/2 classes are called "Forest" \(labels 0 and 1\)/,
		)
	})

	it('asks for a root, and says which part is missing, where it was looked for and where to get it', async () => {
		await expect(loadDataset('eurosat')).rejects.toThrow(/data root with the folder eurosat.*--data-root.*option root/)
		const root = await temporaryFolder()
		const load = () => loadDataset('eurosat', { root })
		await expect(loadDataset('eurosat', { root: join(root, 'no') })).rejects.toThrow(/\/no: .*\/no does not exist\./)
		await expect(load()).rejects.toThrow(/Cannot find eurosat below the data root .*: .*\/eurosat does not exist\./)
		const folder = await writeMadeUpBenchmark(root)
		await rename(join(folder, '2750'), join(folder, 'images'))
		await expect(load()).rejects.toThrow(/eurosat\/2750 does not exist\..*Where to get EuroSAT:\n {2}Images: http/s)
		await writeFile(join(folder, '2750'), '')
		await expect(load()).rejects.toThrow(/2750 is not a folder\./)
		await rm(join(folder, '2750'))
		await rename(join(folder, 'images'), join(folder, '2750'))
		await rm(join(folder, 'split_zhou_EuroSAT.json'))
		await expect(load()).rejects.toThrow(/split_zhou_EuroSAT\.json does not exist\..*cross_modal_adaptation/s)
		await mkdir(join(folder, 'split_zhou_EuroSAT.json'))
		await expect(load()).rejects.toThrow(/split_zhou_EuroSAT\.json is not a file\./)
		expect(await readdir(folder)).toHaveLength(2)
	})

	it('refuses missing images before they are needed', async () => {
		const root = await temporaryFolder()
		const folder = await writeMadeUpBenchmark(root)
		await rm(join(folder, '2750/river'), { recursive: true })
		await rm(join(folder, '2750/forest/3.png'))
		await expect(loadDataset('eurosat', { root })).rejects.toThrow(
			/4 images of eurosat are missing, starting with .*2750\/river\/1\.png\. Run naptune data doctor eurosat --json to list them/,
		)
	})
})

it('knows files by the ids that git and sha256sum give them', () => {
	// printf 'hello\n' | git hash-object --stdin; printf 'hello\n' | sha256sum
	expect(fingerprintsOf(Buffer.from('hello\n'))).toEqual({
		gitBlob: 'ce013625030ba8dba906f756967f9e9ca394464a',
		sha256: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
	})
})
