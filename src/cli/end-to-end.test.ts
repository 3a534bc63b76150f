import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli, runJson, startCli, tinyTuning, writePhotos, writeTinyModel } from './cli.test.helper.js'

let folder: string
let tune: string[]

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-cli-'))
	await writeTinyModel(join(folder, 'model'))
	await writePhotos(join(folder, 'photos'))
	tune = ['tune', '--model', join(folder, 'model'), '--data', join(folder, 'photos'), ...tinyTuning]
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("tuning, measuring and using a model on one's own images", () => {
	const output = () => join(folder, 'run')

	it('tunes', async () => {
		const { code, document, stderr } = await runJson([...tune, '--output', output()])
		expect(code).toBe(0)
		expect(document).toMatchObject({ defense: 'nap', classes: 3, images: 6, epochs: 2, epsilon: 1 / 255 })
		// 16 pictures have no split: a person must know that one was drawn.
		expect(stderr).toContain('were split with seed 1')
		expect(stderr).toMatch(/^ +2\/2 /m)
		expect(await readdir(output())).toEqual(
			expect.arrayContaining(['log.jsonl', 'parameters.safetensors', 'run.json', 'state.safetensors']),
		)
	})

	it('does not overwrite a run', async () => {
		const { code, stderr } = await runCli([...tune, '--output', output()])
		expect(code).toBe(1)
		expect(stderr).toContain('--resume')
	})

	it('measures it beside vanilla and keeps every outcome', async () => {
		const args = ['evaluate', output(), '--attack', 'pgd-5', '--epsilon', '4/255', '--threads', '1']
		const { code, document } = await runJson(args)
		expect(code).toBe(0)
		const { rows, images, epsilon } = document as {
			rows: { defense: string; robust: { accuracy: number; interval: number[] }; record: string }[]
			images: number
			epsilon: number
		}
		expect(epsilon).toBe(4 / 255)
		expect(rows.map(({ defense }) => defense)).toEqual(['vanilla', 'nap'])
		for (const { robust, record } of rows) {
			const { outcomes } = JSON.parse(await readFile(record, 'utf8')) as {
				outcomes: { label: number; cleanPrediction: number; adversarialPrediction: number }[]
			}
			expect(outcomes).toHaveLength(images)
			const held = outcomes.filter(
				(one) => one.cleanPrediction === one.label && one.adversarialPrediction === one.label,
			)
			expect(robust.accuracy).toBe(held.length / images)
			expect(robust.interval[0]).toBeLessThanOrEqual(robust.accuracy)
			expect(robust.interval[1]).toBeGreaterThanOrEqual(robust.accuracy)
		}
		await rm(rows[1]!.record)
		const again = await runJson([...args, '--batch-size', '2', '--no-vanilla'])
		const [repeated] = (again.document as { rows: (typeof rows)[number][] }).rows
		expect(repeated?.robust).toEqual(rows[1]?.robust)
	})

	it('takes other prompts for the control, and keeps their record apart', async () => {
		const args = ['evaluate', output(), '--attack', 'pgd-5', '--limit', '3', '--threads', '1', '--vanilla-templates']
		const records = new Set<string>()
		for (const templates of ['a photo of a {}.', 'imagenet-7', 'art of the {}. | {} texture.']) {
			const { code, document } = await runJson([...args, templates])
			expect(code).toBe(0)
			const [{ record }] = (document as { rows: [{ record: string }] }).rows
			const { defense } = JSON.parse(await readFile(record, 'utf8')) as {
				defense: { options: { templates: string[] } }
			}
			expect(defense.options.templates).toHaveLength(templates === 'imagenet-7' ? 7 : templates.split('|').length)
			records.add(record)
		}
		expect(records.size).toBe(3)
		const { code, stderr } = await runCli([...args, 'imagenet-8'])
		expect(code).toBe(1)
		expect(stderr).toContain('imagenet-7')
	})

	it('prints a table for people', async () => {
		const { code, stdout } = await runCli(['evaluate', output(), '--attack', 'pgd-5', '--no-vanilla', '--limit', '3'])
		expect(code).toBe(0)
		expect(stdout).toMatch(/^nap +\d+\.\d % \[/m)
		expect(stdout).toContain('3 test images of photos, L-infinity epsilon 1/255')
	})

	it('measures every model with a test-time defense around it, by what the attacker knows', async () => {
		const args = ['evaluate', output(), '--attack', 'pgd-5', '--epsilon', '4/255', '--limit', '6']
		const around = ['--test-time', 'ttc', '--test-time-set', 'steps=1']
		const images = join(folder, 'images')
		const { code, document } = await runJson([...args, ...around, '--keep-images', images])
		expect(code).toBe(0)
		const kept = ['nap', 'vanilla'].flatMap((name) => [
			`${name}-pgd-5-full`,
			...['full', 'transfer'].map((knowledge) => `${name}+ttc-pgd-5-${knowledge}`),
		])
		const found = (await readdir(images)).map((name) => name.replace(/ttc-[0-9a-f]{8}/, 'ttc'))
		expect(found.sort()).toEqual(kept.sort())
		const { rows } = document as {
			rows: {
				defense: string
				testTime?: string
				attackerKnows?: string
				robust: { accuracy: number }
				record?: string
				records?: string[]
			}[]
		}
		const knows = ['everything', 'everything, ttc taken as identity', 'all but ttc', 'the worse for each image']
		expect(rows.map(({ attackerKnows }) => attackerKnows)).toEqual([...knows, ...knows])
		expect(rows.map(({ defense }) => defense)).toEqual([...Array(4).fill('vanilla'), ...Array(4).fill('nap')])
		for (const first of [0, 4]) {
			const [, full, transfer, worst] = rows.slice(first, first + 4)
			expect(worst!.records).toEqual([full!.record, transfer!.record])
			expect(worst!.robust.accuracy).toBeLessThanOrEqual(Math.min(full!.robust.accuracy, transfer!.robust.accuracy))
			const { testTime } = JSON.parse(await readFile(full!.record!, 'utf8')) as { testTime: { options: object } }
			expect(testTime.options).toMatchObject({ steps: 1, threshold: 0.2 })
		}
		const table = await runCli([...args, ...around, '--no-vanilla'])
		expect(table.stdout).toMatch(/^nap {7,}everything +\d/m)
		expect(table.stdout).toMatch(/^nap \+ ttc +all but ttc +\d/m)
	})

	it('says where a test-time defense does not suit, and needs one for its options', async () => {
		const args = ['evaluate', output(), '--attack', 'pgd-5', '--limit', '3']
		const small = ['views=4', 'selected=0.5', 'statisticsImages=4'].flatMap((set) => ['--test-time-set', set])
		const { code, document, stderr } = await runJson([...args, '--test-time', 'tapt', ...small])
		expect(code).toBe(0)
		expect(stderr).toContain('vanilla has none')
		const { rows } = document as { rows: { defense: string; testTime?: string; record?: string }[] }
		expect(rows.map(({ defense, testTime }) => `${defense} ${testTime}`)).toEqual([
			'vanilla undefined',
			'nap undefined',
			...Array(3).fill('nap tapt'),
		])
		const { testTime } = JSON.parse(await readFile(rows[2]!.record!, 'utf8')) as { testTime: { options: object } }
		// The run's own epsilon, where none is set.
		expect(testTime.options).toMatchObject({ statisticsEpsilon: 1 / 255 })
		const lone = await runCli([...args, '--test-time-set', 'steps=1'])
		expect(lone.code).toBe(1)
		expect(lone.stderr).toContain('add --test-time with one of ttc, r-tpt, tapt')
		const wrong = await runCli([...args, '--test-time', 'ttc', '--test-time-set', 'stepz=1'])
		expect(wrong.code).toBe(1)
		expect(wrong.stderr).toContain('stepz')
	})

	it('classifies with it', async () => {
		const photo = join(folder, 'photos', 'red_thing', '0.png')
		const { code, document } = await runJson(['classify', photo, photo, '--run', output(), '--top', '2'])
		expect(code).toBe(0)
		const { images } = document as { images: { path: string; classes: { probability: number }[] }[] }
		expect(images).toHaveLength(2)
		expect(images[0]?.path).toBe(photo)
		expect(images[0]?.classes).toHaveLength(2)
		expect(images[0]?.classes[0]?.probability).toBeGreaterThanOrEqual(images[0]?.classes[1]?.probability as number)
		expect(images[1]?.classes).toEqual(images[0]?.classes)
	})

	it('notices that the data changed', async () => {
		const other = join(folder, 'changing')
		await writePhotos(other)
		const run = join(folder, 'run-of-changing')
		const args = ['tune', '--model', join(folder, 'model'), '--data', other, ...tinyTuning, '--output', run]
		expect((await runCli(args)).code).toBe(0)
		await rm(join(other, 'red_thing', '0.png'))
		const { code, stderr } = await runCli(['evaluate', run])
		expect(code).toBe(1)
		expect(stderr).toContain('has changed')
	})
})

describe('Ctrl-C', () => {
	const epochs = ['--epochs', '40']

	it('once saves, and --resume ends in the bytes of a run that was not stopped', async () => {
		const whole = join(folder, 'whole')
		const stopped = join(folder, 'stopped')
		expect((await runCli([...tune, ...epochs, '--output', whole, '--quiet'])).code).toBe(0)
		const running = startCli([...tune, ...epochs, '--output', stopped])
		await running.until(' 2/40 ')
		running.process.kill('SIGINT')
		const { code, stderr, stdout } = await running.finished
		expect(code).toBe(130)
		expect(stdout).toBe('')
		expect(stderr).toContain('with --resume to continue')
		expect(existsSync(join(stopped, 'parameters.safetensors'))).toBe(false)
		const resumed = await runCli([...tune, ...epochs, '--output', stopped, '--resume'])
		expect(resumed.code).toBe(0)
		for (const name of ['parameters.safetensors', 'log.jsonl']) {
			expect(await readFile(join(stopped, name))).toEqual(await readFile(join(whole, name)))
		}
	})

	it('twice leaves at once, and nothing half-written', async () => {
		const output = join(folder, 'left')
		// One step lasts for minutes: only leaving at once can end it in time.
		const running = startCli([...tune, '--set', 'attack.steps=1000000', '--output', output, '--json'])
		await running.until('Tuning nap')
		while (!existsSync(join(output, 'log.jsonl'))) await new Promise((resolve) => setTimeout(resolve, 20))
		running.process.kill('SIGINT')
		await running.until('Press Ctrl-C again')
		running.process.kill('SIGINT')
		const { code, stdout } = await running.finished
		expect(code).toBe(130)
		expect(stdout).toBe('')
		expect((await readdir(output)).sort()).toEqual(['log.jsonl', 'run.json', 'usage.json'])
	})
})
