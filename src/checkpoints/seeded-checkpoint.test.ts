import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { readSafetensorsTensors } from '../files/safetensors.js'
import { parseClipConfig } from '../vlm/config.js'
import { expectedWeights } from '../vlm/expected-weights.js'
import { seededRange, writeSeededCheckpoint } from './seeded-checkpoint.js'
import { fillSeeded, seededBits, seededPixels } from './seeded-values.js'

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))
const readConfig = async (name: string) => JSON.parse(await readFile(join(fixtures, name, 'config.json'), 'utf8'))

describe('seeded values', () => {
	it('are those of the reference', () => {
		expect([0, 1, 2, 1_000_000].map((index) => seededBits(0, 0, index))).toEqual([11157083, 9515201, 7489503, 5860220])
		expect(seededBits(32, 0x10000, 0)).toBe(10564274)
		expect(seededBits(0xffffffff, 7, 123)).toBe(4099945)
		expect([...seededPixels(32, 3)]).toEqual([0.629679799079895, 0.9300804138183594, 0.8897001147270203])
	})

	it('of a slice are those of the whole', () => {
		const range = { scale: 1, offset: 0 }
		const whole = new Float32Array(100)
		fillSeeded(whole, 5, 9, range)
		const part = new Float32Array(40)
		fillSeeded(part, 5, 9, range, 60)
		expect(part).toEqual(whole.slice(60))
	})
})

describe('writeSeededCheckpoint', () => {
	let directory: string
	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), 'naptune-seeded-'))
	})
	afterAll(() => rm(directory, { recursive: true, force: true }))

	it.each([
		['tiny-clip', 1],
		['tiny-clip-gelu', 2],
	])('writes the weights and config of %s', async (name, seed) => {
		const config = await readConfig(name)
		const target = join(directory, 'made', name)
		await writeSeededCheckpoint(target, config, seed)
		const expected = await readSafetensorsTensors(join(fixtures, name, 'model.safetensors'))
		const written = await readSafetensorsTensors(join(target, 'model.safetensors'))
		expect([...written.keys()].sort()).toEqual([...expected.keys()].sort())
		for (const [tensor, { dtype, shape, data }] of expected) {
			const own = written.get(tensor)!
			expect([own.dtype, own.shape], tensor).toEqual([dtype, shape])
			expect(Buffer.compare(own.data, data), tensor).toBe(0)
		}
		expect(await readConfig(name)).toEqual(JSON.parse(await readFile(join(target, 'config.json'), 'utf8')))
	})

	it('makes the entries of a ViT-B/32 that the reference makes', async () => {
		const shapes = expectedWeights(parseClipConfig(await readConfig('vit-b-32')))
		const names = [...shapes.keys()].sort()
		const entry = (name: string, index: number) => {
			const one = new Float32Array(1)
			fillSeeded(one, 32, names.indexOf(name), seededRange(name, shapes.get(name)!), index)
			return one[0]
		}
		expect(names.length).toBe(398)
		expect(entry('text_model.embeddings.token_embedding.weight', 49408 * 512 - 1)).toBe(-0.03366273641586304)
		expect(entry('vision_model.embeddings.patch_embedding.weight', 0)).toBe(-0.014293976128101349)
		expect(entry('vision_model.embeddings.position_embedding.weight', 1)).toBe(-0.09340566396713257)
		expect(entry('vision_model.pre_layrnorm.weight', 767)).toBe(1.0304605960845947)
		expect(entry('text_projection.weight', 512 * 512 - 1)).toBe(-0.024141475558280945)
	})

	it('refuses seeds and configs that make no sense, and leaves nothing behind', async () => {
		const config = await readConfig('tiny-clip')
		const target = join(directory, 'refused')
		for (const seed of [-1, 1.5, 2 ** 32, Number.NaN]) {
			await expect(writeSeededCheckpoint(target, config, seed)).rejects.toThrow(NaptuneError)
		}
		await expect(writeSeededCheckpoint(target, { model_type: 'bert' }, 1)).rejects.toThrow(NaptuneError)
		expect(await readdir(directory)).not.toContain('refused')
	})
})
