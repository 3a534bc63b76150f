import { existsSync } from 'node:fs'
import { chmod, copyFile, cp, mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSafetensorsHeader } from '../files/safetensors.js'
import {
	type RunOptions,
	runCli,
	runJson,
	tinyConfig,
	tinyTuning,
	writePhotos,
	writeTinyModel,
} from './cli.test.helper.js'

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))

let folder: string
let model: string
let photos: string

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-bad-'))
	await chmod(folder, 0o755)
	model = join(folder, 'model')
	photos = join(folder, 'photos')
	await writeTinyModel(model)
	await writePhotos(photos)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Tunes, which must fail with a message and leave no run behind. @returns The message. */
async function refusedTuning(name: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
	const output = join(folder, `run-${name}`)
	const base = ['tune', '--model', model, '--data', photos, ...tinyTuning, '--output', output]
	const { code, stdout, stderr } = await runCli([...base, ...args], options)
	expect(code, stderr).toBe(1)
	expect(stdout).toBe('')
	expect(stderr).not.toContain('This is a bug')
	expect(existsSync(output)).toBe(false)
	return stderr.slice(stderr.indexOf('error: '))
}

/** A copy of the model to be damaged. */
async function damagedModel(name: string): Promise<{ readonly path: string; readonly weights: string }> {
	const path = join(folder, name)
	await cp(model, path, { recursive: true })
	return { path, weights: join(path, 'model.safetensors') }
}

describe.concurrent('images', () => {
	it('an empty class folder', async () => {
		const data = join(folder, 'empty-class')
		await writePhotos(data)
		await mkdir(join(data, 'nothing'))
		expect(await refusedTuning('empty-class', ['--data', data])).toMatch(/empty-class\/nothing holds no images/)
	})

	it('one class only', async () => {
		const data = join(folder, 'one-class')
		await writePhotos(data, ['alone'])
		expect(await refusedTuning('one-class', ['--data', data])).toMatch(/at least two/)
	})

	it('a text file named .jpg', async () => {
		const data = join(folder, 'text')
		await writePhotos(data)
		for (let index = 0; index < 6; index++) {
			await rm(join(data, 'red_thing', `${index}.png`))
			await writeFile(join(data, 'red_thing', `${index}.jpg`), 'not a picture')
		}
		const message = await refusedTuning('text', ['--data', data])
		expect(message).toContain('2 of 6 images are unreadable')
		const classified = await runCli(['classify', join(data, 'red_thing', '0.jpg'), '--model', model, '--data', photos])
		expect(classified.code).toBe(1)
		expect(classified.stderr).toMatch(/0\.jpg is not a readable image/)
	})

	it('an image of one pixel and one that is 30,000 pixels wide', async () => {
		const wide = join(folder, 'wide.png')
		await sharp({ create: { width: 30_000, height: 20, channels: 3, background: 'teal' } })
			.png()
			.toFile(wide)
		const images = [join(fixtures, 'images', 'one-pixel.png'), wide]
		const { code, document } = await runJson(['classify', ...images, '--model', model, '--data', photos])
		expect(code).toBe(0)
		const found = (document as { images: { classes: { probability: number }[] }[] }).images
		expect(found).toHaveLength(2)
		for (const { classes } of found) {
			expect(classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6)
		}
	})

	it('10,000 classes', async () => {
		const classes = Array.from({ length: 10_000 }, (_, index) => `c${index}`).join(',')
		const image = join(fixtures, 'images', 'photo.jpg')
		const { code, document } = await runJson(['classify', image, '--model', model, '--classes', classes])
		expect(code).toBe(0)
		expect(document).toMatchObject({ images: [{ classes: { length: 5 } }] })
	})
})

describe.concurrent('checkpoints', () => {
	it('truncated weights', async () => {
		const { path, weights } = await damagedModel('truncated')
		await truncate(weights, 5000)
		expect(await refusedTuning('truncated', ['--model', path])).toContain(weights)
	})

	it('a header that claims 2^60 bytes', async () => {
		const { path, weights } = await damagedModel('claims')
		const handle = await open(weights, 'r+')
		const length = Buffer.alloc(8)
		length.writeBigUInt64LE(2n ** 60n)
		await handle.write(length, 0, 8, 0)
		await handle.close()
		expect(await refusedTuning('claims', ['--model', path])).toContain('1152921504606846976')
	})

	it('overlapping tensors', async () => {
		const { path, weights } = await damagedModel('overlap')
		const bytes = await readFile(weights)
		const length = Number(bytes.readBigUInt64LE(0))
		const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets: number[] }>
		const [first, second] = Object.values(header).filter((entry) => entry.data_offsets)
		const [from, to] = second!.data_offsets
		const size = first!.data_offsets[1]! - first!.data_offsets[0]!
		// The first tensor now reads the bytes of the second.
		first!.data_offsets = [from!, Math.min(to!, from! + size)]
		const text = JSON.stringify(header).padEnd(length)
		bytes.write(text, 8, 'utf8')
		await writeFile(weights, bytes)
		expect(text).toHaveLength(length)
		expect(await refusedTuning('overlap', ['--model', path])).toContain(weights)
	})

	it('a pickle that calls os.system', async () => {
		const { path, weights } = await damagedModel('hostile')
		await rm(weights)
		await copyFile(join(fixtures, 'checkpoints', 'pytorch', 'hostile-os-system.bin'), join(path, 'pytorch_model.bin'))
		expect(await refusedTuning('hostile', ['--model', path])).toMatch(/system/)
	})

	it('config and weights that disagree', async () => {
		const { path } = await damagedModel('disagrees')
		const config = { ...tinyConfig, vision_config: { ...tinyConfig.vision_config, intermediate_size: 48 } }
		await writeFile(join(path, 'config.json'), JSON.stringify(config))
		expect(await refusedTuning('disagrees', ['--model', path])).toMatch(/fc1/)
	})

	it('weights that are not numbers', async () => {
		const { path, weights } = await damagedModel('nan')
		const { tensors } = await readSafetensorsHeader(weights)
		const [name, entry] = [...tensors].at(-1)!
		const handle = await open(weights, 'r+')
		await handle.write(Float32Array.of(Number.NaN), 0, 4, entry.offset)
		await handle.close()
		expect(await refusedTuning('nan', ['--model', path])).toContain(name)
	})

	it('a model that is neither a folder nor in the cache of an offline hub', async () => {
		const env = { HF_HUB_OFFLINE: '1', HF_HOME: join(folder, 'hub') }
		expect(await refusedTuning('offline', ['--model', 'nobody/nothing'], { env })).toContain('nobody/nothing')
	})
})

describe.concurrent('settings', () => {
	it('an unknown one is told before images are looked at, with those that are known', async () => {
		const data = join(folder, 'unread')
		await writePhotos(data)
		for (let index = 0; index < 6; index++) await writeFile(join(data, 'red_thing', `${index}.png`), 'not a picture')
		const args = ['--data', data, '--set', 'defense.options.typo=1']
		expect(await refusedTuning('typo', args)).toMatch(/defense nap .*"typo"; known keys: promptDepth, textPrompts/s)
		expect(await refusedTuning('rate', ['--set', 'optimizer.rate=1'])).toMatch(
			/"rate"; known keys: name, learningRate.*at optimizer/s,
		)
	})
})

describe.concurrent('epsilon', () => {
	it('2 is refused with the unit that is meant', async () => {
		for (const args of [
			['tune', '--output', join(folder, 'run-two')],
			['evaluate', folder],
		]) {
			const { code, stderr } = await runCli([...args, '--epsilon', '2'])
			expect(code, stderr).toBe(2)
			expect(stderr).toContain('for example 2/255')
		}
		expect(existsSync(join(folder, 'run-two'))).toBe(false)
		expect(await refusedTuning('two', ['--set', 'attack.epsilon=2'])).toContain('attack.epsilon')
	})

	it('0 tunes without an attack, and robust is clean', async () => {
		const output = join(folder, 'run-zero')
		const tuned = await runCli([
			'tune',
			'--model',
			model,
			'--data',
			photos,
			...tinyTuning,
			'--epsilon',
			'0',
			'--output',
			output,
		])
		expect(tuned.code, tuned.stderr).toBe(0)
		const { code, document } = await runJson(['evaluate', output, '--attack', 'pgd-5'])
		expect(code).toBe(0)
		const { epsilon, rows } = document as { epsilon: number; rows: { clean: unknown; robust: unknown }[] }
		expect(epsilon).toBe(0)
		for (const { clean, robust } of rows) expect(robust).toEqual(clean)
	})
})

describe.concurrent('places to write to', () => {
	it('a folder below a file', async () => {
		const file = join(folder, 'file')
		await writeFile(file, '')
		const args = ['tune', '--model', model, '--data', photos, ...tinyTuning, '--output', join(file, 'run')]
		const { code, stderr } = await runCli(args)
		expect(code, stderr).toBe(1)
		expect(stderr).toContain('is not a folder')
	})

	it.skipIf(!existsSync('/proc/self'))('a file system that takes no folders', async () => {
		const args = ['tune', '--model', model, '--data', photos, ...tinyTuning, '--output', '/proc/run']
		const { code, stderr } = await runCli(args)
		expect(code, stderr).toBe(1)
		expect(stderr).toContain('/proc does not allow new folders')
	})

	it('a folder without the right to write', async () => {
		const closed = join(folder, 'closed')
		await mkdir(closed, { mode: 0o555 })
		const args = ['tune', '--model', model, '--data', photos, ...tinyTuning, '--output', join(closed, 'run')]
		const { code, stderr } = await runCli(args, process.geteuid?.() === 0 ? { uid: 65534 } : {})
		expect(code, stderr).toBe(1)
		expect(stderr).toContain('No permission to write')
		expect(await readdir(closed)).toEqual([])
	})

	it('a disk that fills up: nothing half-written, and the run goes on once there is room', async () => {
		const output = join(folder, 'run-full')
		const args = ['tune', '--model', model, '--data', photos, ...tinyTuning, '--output', output]
		// A limit on the size of files ends writes as a full disk does, and needs no disk of one's own.
		const { code, stderr } = await runCli(args, { shell: "trap '' XFSZ; ulimit -f 16" })
		expect(code, stderr).toBe(1)
		expect(stderr).toContain('state.safetensors would be larger')
		// The time spent so far is kept beside the state.
		expect((await readdir(output)).sort()).toEqual(['log.jsonl', 'run.json', 'usage.json'])
		const resumed = await runCli([...args, '--resume'])
		expect(resumed.code, resumed.stderr).toBe(0)
	})

	it.skipIf(!existsSync('/dev/full'))('a result that cannot be written', async () => {
		const { code, stderr } = await runCli(['--version'], { shell: 'exec >/dev/full' })
		expect(code).toBe(1)
		expect(stderr).toMatch(/^error: The result could not be written/)
	})
})
