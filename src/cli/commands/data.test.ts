import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { madeUpImages, writeMadeUpBenchmark } from '../../data/benchmarks/made-up-benchmark.test.helper.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { runCli, runJson, tinyTuning, writeTinyModel } from '../cli.test.helper.js'

const one = ['--threads', '1']

describe('naptune data list', () => {
	it('names every data set, and says which are there', async () => {
		const root = await temporaryFolder()
		await writeMadeUpBenchmark(root)
		await mkdir(join(root, 'dtd/images'), { recursive: true })
		const { code, stdout } = await runCli(['data', 'list', '--data-root', root])
		expect(code).toBe(0)
		expect(stdout).toMatch(/^cifar10-mini .* in the package /m)
		expect(stdout).toMatch(/^eurosat +EuroSAT +10 +13,500 +5,400 +8,100 +yes +a centered satellite photo of \{\}\.$/m)
		expect(stdout).toMatch(/^dtd .* no split_zhou_DescribableTextures\.json /m)
		expect(stdout).toMatch(/^sun397 .* no {2}/m)
		const { document } = await runJson(['data', 'list'], { env: { NAPTUNE_DATA_ROOT: root } })
		const { datasets } = document as { datasets: { name: string; missing: string[] | null }[] }
		expect(datasets).toHaveLength(13)
		expect(datasets.find(({ name }) => name === 'eurosat')?.missing).toEqual([])
		expect(datasets.find(({ name }) => name === 'dtd')?.missing).toEqual(['dtd/split_zhou_DescribableTextures.json'])
	})

	it.each([undefined, ''])('works without a root, the variable being %j', async (NAPTUNE_DATA_ROOT) => {
		const { code, stdout } = await runCli(['data', 'list'], { env: { NAPTUNE_DATA_ROOT } })
		expect(code).toBe(0)
		expect(stdout).toMatch(/^caltech101 .* \? /m)
		expect(stdout).toContain('Set --data-root or NAPTUNE_DATA_ROOT')
	})

	it('says when there is no such root', async () => {
		const { stdout } = await runCli(['data', 'list', '--data-root', '/nowhere/at/all'])
		expect(stdout).toContain('The data root /nowhere/at/all does not exist.')
	})
})

describe('naptune data doctor', () => {
	it('finds published data sets by their folders, and all of a data root', async () => {
		const root = await temporaryFolder()
		const folder = await writeMadeUpBenchmark(root)
		await mkdir(join(root, 'dtd/images'), { recursive: true })
		const named = await runJson(['data', 'doctor', 'eurosat', '--data-root', root, ...one])
		const byFolder = await runJson(['data', 'doctor', folder, ...one])
		expect(byFolder.document).toEqual(named.document)
		const { code, document, stderr } = await runJson(['data', 'doctor', root, ...one])
		const { examinations, absent } = document as {
			examinations: { name: string; problems: string[] }[]
			absent: string[]
		}
		expect([code, stderr]).toEqual([3, expect.any(String)])
		expect(examinations.map(({ name }) => name)).toEqual(['dtd', 'eurosat'])
		expect(examinations[0]!.problems.join()).toContain('split_zhou_DescribableTextures.json')
		expect(absent).toContain('caltech101')
		expect((await runCli(['data', 'doctor', root, ...one])).stdout).toContain(`Not in ${root}: imagenet, `)
	})

	it('exits with 3 and says what is wrong and where to get it', async () => {
		const root = await temporaryFolder()
		const folder = await writeMadeUpBenchmark(root)
		await writeFile(join(folder, '2750', madeUpImages[0]!), 'no picture')
		const { code, stdout } = await runCli(['data', 'doctor', 'eurosat', '--data-root', root, ...one])
		expect(code).toBe(3)
		expect(stdout).toMatch(/^train +2 +13,500 +2 +1 \(Forest\) +1 \(Forest\)$/m)
		expect(stdout).toMatch(/split_zhou_EuroSAT\.json: not the published file; sha256 [0-9a-f]{8}…, git id/)
		expect(stdout).toMatch(/6 of 6 images were decoded: 1 unreadable/)
		expect(stdout).toMatch(/^Wrong:\n(?: {2}.*\n)* {2}.*forest\/1\.png is not a readable image/m)
		expect(stdout).toMatch(/Where to get it:\n {2}Images: http/)
		const { code: again, document } = await runJson(['data', 'doctor', 'eurosat', '--data-root', root, ...one])
		expect(again).toBe(3)
		expect(document).toMatchObject({ splits: { test: { perClass: [1, 1] } }, decoded: { unreadable: [{}] } })
	})

	it('finds nothing wrong with the data set of the package and a good folder', async () => {
		const { code, stdout } = await runCli(['data', 'doctor', 'cifar10-mini', '--decode', '10', ...one])
		expect([code, stdout]).toEqual([0, expect.stringMatching(/No problem found in 10 of 2,100 images\.\n$/)])
		const root = await temporaryFolder()
		const photos = join(await writeMadeUpBenchmark(root), '2750')
		const all = await runCli(['data', 'doctor', photos, ...one])
		expect([all.code, all.stdout]).toEqual([
			0,
			expect.stringMatching(/6 of 6 images were decoded.*\nNo problem found in 6 of 6 images\.\n$/s),
		])
		const folder = await runCli(['data', 'doctor', photos, '--decode', 'none', ...one])
		expect(folder.code).toBe(0)
		expect(folder.stdout).toMatch(/No problem found; images were not decoded/)
	})

	it('cannot examine what is not named or has no root', async () => {
		const env = { NAPTUNE_DATA_ROOT: undefined }
		const unknown = await runCli(['data', 'doctor', 'caltech'], { env })
		expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/neither a known data set/)])
		const rootless = await runCli(['data', 'doctor', 'caltech101'], { env })
		expect([rootless.code, rootless.stderr]).toEqual([1, expect.stringMatching(/--data-root/)])
		const wrong = await runCli(['data', 'doctor', 'caltech101', '--decode', 'some'], { env })
		expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/all, none, or a number/)])
	})
})

const shared = fileURLToPath(new URL('../../../../shared/data', import.meta.url))
it.skipIf(!existsSync(join(shared, 'caltech-101/101_ObjectCategories')))('Caltech101 is whole', async () => {
	const { code, document } = await runJson([
		...['data', 'doctor', 'caltech101', '--data-root', shared, '--decode', '60'],
		...one,
	])
	expect(code).toBe(0)
	expect(document).toMatchObject({ problems: [], missing: [], sameNames: [], lists: [{ published: true }] })
})

it('a run on a named data set is evaluated where the data lie now', async () => {
	const folder = await temporaryFolder()
	const before = join(folder, 'before')
	const now = join(folder, 'now')
	await writeMadeUpBenchmark(before, 20)
	await writeTinyModel(join(folder, 'model'))
	const run = join(folder, 'run')
	const data = ['--data', 'eurosat', '--data-root', before]
	const tuned = await runCli(['tune', '--model', join(folder, 'model'), ...data, ...tinyTuning, '--output', run])
	expect([tuned.code, tuned.stderr]).toEqual([0, expect.stringMatching(/note: eurosat is incomplete/)])
	const evaluate = ['evaluate', run, '--attack', 'pgd-5', ...one]
	// Other data are looked for below the same root.
	const other = await runCli([...evaluate, '--no-vanilla', '--data', 'eurosat'], {
		env: { NAPTUNE_DATA_ROOT: undefined },
	})
	expect([other.code, other.stderr]).toEqual([0, expect.stringMatching(/2 test images of eurosat/)])
	await rename(before, now)
	const gone = await runCli(evaluate)
	expect([gone.code, gone.stderr]).toEqual([1, expect.stringMatching(/data root .* does not exist/)])
	const found = await runCli([...evaluate, '--data-root', now])
	expect([found.code, found.stderr]).toEqual([0, expect.stringMatching(/images of eurosat/)])
})

it('classify speaks of the classes of a named data set in its own prompt', async () => {
	const root = await temporaryFolder()
	const folder = await writeMadeUpBenchmark(root, 20)
	await writeTinyModel(join(root, 'model'))
	const classify = async (...more: string[]) => {
		const command = ['classify', join(folder, '2750', madeUpImages[0]!), '--model', join(root, 'model'), ...one]
		const { document } = await runJson([...command, '--data', 'eurosat', '--data-root', root, ...more])
		return (document as { images: readonly { readonly classes: unknown }[] }).images[0]?.classes
	}
	const own = await classify()
	expect(own).toEqual(await classify('--template', 'a centered satellite photo of {}.'))
	expect(own).not.toEqual(await classify('--template', 'a photo of a {}.'))
})
