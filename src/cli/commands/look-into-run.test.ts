import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli, runJson, writeTinyRun } from '../cli.test.helper.js'

let folder: string
let run: string

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-look-'))
	run = await writeTinyRun(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('naptune distortion', () => {
	const args = () => ['distortion', run, '--set', 'steps=2', '--split', 'train', '--limit', '5', '--threads', '1']

	it('writes a record and the figure in two formats, the same every time', async () => {
		const { code, document, stderr } = await runJson(args())
		expect(code, stderr).toBe(0)
		const { record, figures, measurements, images } = document as {
			record: string
			figures: string[]
			measurements: { tower: string; perturbation: string; layers: unknown[] }[]
			images: number
		}
		expect(images).toBe(5)
		expect(measurements.map(({ tower, perturbation }) => `${tower} ${perturbation}`)).toEqual([
			'vanilla vanilla',
			'vanilla nap',
			'vanilla noise',
			'nap vanilla',
			'nap nap',
			'nap noise',
		])
		const written = JSON.parse(await readFile(record, 'utf8'))
		expect(written.measurements).toEqual(measurements)
		const svg = await readFile(figures[0]!, 'utf8')
		for (const text of ['uniform noise', 'pgd-20 against nap', 'nap, after the refiner', 'vanilla']) {
			expect(svg).toContain(`>${text}<`)
		}
		expect(svg).toContain('5 train images of photos, pgd-20, L-infinity epsilon 1/255, seed 1')
		expect((await sharp(figures[1]).metadata()).format).toBe('png')
		expect((await readdir(join(run, 'distortion'))).sort()).toEqual(
			[record, ...figures].map((path) => path.slice(path.lastIndexOf('/') + 1)).sort(),
		)
		const again = await runJson([...args(), '--batch-size', '2'])
		expect((again.document as { measurements: unknown }).measurements).toEqual(measurements)
	})

	it('prints tables for people', async () => {
		const { code, stdout } = await runCli(args())
		expect(code).toBe(0)
		expect(stdout).toContain('Under uniform noise: vanilla right')
		expect(stdout.match(/^layer +vanilla +nap before +nap after +class: vanilla/gm)).toHaveLength(7)
		expect(stdout).toMatch(/^feature +0\.\d{4} ±0\.\d{4}/m)
	})

	it('says what it cannot do', async () => {
		const missing = await runCli(['distortion', join(folder, 'photos')])
		expect(missing.code).toBe(1)
		expect(missing.stderr).toContain('holds no tuning run')
		const targeted = await runCli([...args(), '--set', 'targeted=true'])
		expect(targeted.code).toBe(1)
		expect(targeted.stderr).toContain('untargeted')
		expect((await runCli([...args(), '--limit', '1'])).code).toBe(2)
	})
})

describe('naptune inspect', () => {
	it('shows the run and draws its curves', async () => {
		const path = join(folder, 'new', 'curves.svg')
		const { code, stdout, stderr } = await runCli(['inspect', run, '--plot', path])
		expect(code, stderr).toBe(0)
		expect(stdout).toContain('finished, 2 epochs')
		expect(stdout).toMatch(/^visual refiner +4 /m)
		expect(stdout).toContain('[B, 7, 16]')
		expect(stdout).toMatch(/^clean loss +[▁-█]{2} /m)
		const svg = await readFile(path, 'utf8')
		for (const text of ['cross entropy', 'accuracy', 'alpha', 'learning rate', 'epoch']) {
			expect(svg).toContain(`>${text}<`)
		}
	})

	it('is one document with --json, also of a run without a result or an epoch', async () => {
		const whole = await runJson(['inspect', run])
		expect(whole.document).toMatchObject({ progress: { finished: true }, parameters: { total: expect.any(Number) } })
		const files = ['result.json', 'parameters.safetensors', 'state.safetensors', 'log.jsonl']
		const kept = await Promise.all(files.map((file) => readFile(join(run, file))))
		try {
			await rm(join(run, 'result.json'))
			await rm(join(run, 'parameters.safetensors'))
			const stopped = await runCli(['inspect', run])
			expect(stopped.stdout).toContain('not finished: 2 of 2 epochs in the log')
			const early = await runCli(['distortion', run])
			expect(early.code).toBe(1)
			expect(early.stderr).toContain('is not finished')
			await rm(join(run, 'log.jsonl'))
			await rm(join(run, 'state.safetensors'))
			const fresh = await runCli(['inspect', run, '--plot', join(folder, 'none.svg')])
			expect(fresh.code).toBe(1)
			expect(fresh.stderr).toContain('has not finished an epoch')
			expect((await runCli(['inspect', run])).stdout).toContain('No epoch has finished yet.')
		} finally {
			for (const [index, file] of files.entries()) await writeFile(join(run, file), kept[index]!)
		}
	})

	it('refuses other files for figures', async () => {
		const { code, stderr } = await runCli(['inspect', run, '--plot', 'curves.pdf'])
		expect(code).toBe(2)
		expect(stderr).toContain('.svg or .png')
	})
})
