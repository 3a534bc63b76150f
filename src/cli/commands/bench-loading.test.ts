import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { writeMadeUpBenchmark } from '../../data/benchmarks/made-up-benchmark.test.helper.js'
import { runCli, runJson, writePhotos, writeTinyModel } from '../cli.test.helper.js'

it('bench loading shows both ways of loading beside the step', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'naptune-bench-loading-'))
	onTestFinished(() => rm(folder, { recursive: true, force: true }))
	const [model, photos] = [join(folder, 'model'), join(folder, 'photos')]
	await writeTinyModel(model)
	await writePhotos(photos)
	await writeMadeUpBenchmark(folder)
	const args = ['bench', 'loading', '--model', model, '--step-images', '2', '--threads', '1']
	const [table, json] = await Promise.all([
		runCli([...args, '--data', photos]),
		runJson([...args, '--data', 'eurosat', '--data-root', folder, '--images', '1', '--loader-threads', '2']),
	])
	expect(table.code, table.stderr).toBe(0)
	expect(table.stdout).toMatch(
		/^9 images at 16 pixels +seconds +of the step +processor s +of the step +ms\/image +peak MB/,
	)
	expect(table.stdout).toMatch(/\ntuning step of nap, PGD-5 +\d+\.\d +100\.0 % +\d+\.\d +100\.0 %/)
	expect(json.document).toMatchObject({
		data: 'eurosat',
		images: 1,
		loaderThreads: 2,
		imageSize: 16,
		defense: 'nap',
		attackSteps: 5,
	})
	const refused = await runCli(['bench', 'loading', '--data', 'cifar10-mini', '--model', model])
	expect(refused.code).toBe(1)
	expect(refused.stderr).toContain('cifar10-mini are already decoded')
})
