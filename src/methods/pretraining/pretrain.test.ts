import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../checkpoints/load-tokenizer.js'
import { checksumPath } from '../../files/checksum.js'
import { flipBit } from '../../files/flip-bit.test.helper.js'
import { readJsonFile } from '../../files/json-file.js'
import { readJsonLines } from '../../files/json-lines.js'
import { readSafetensorsHeader } from '../../files/safetensors.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { generator } from '../../random/counter-based.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { loadTensors, saveTensors } from '../../training/tensor-set.js'
import { type PretrainingInput, pretrain } from './pretrain.js'
import type { PretrainingRecipe } from './recipe.js'

const nano = fileURLToPath(new URL('../../../models/nano/', import.meta.url))

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** Two classes of noise in 50 pictures, two epochs of three steps with a record after two steps. */
async function inputs(): Promise<PretrainingInput> {
	const given = (await readJsonFile(join(nano, 'recipe.json'))) as PretrainingRecipe
	const tower = { hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2 }
	const config = structuredClone(given.config) as Record<'text_config' | 'vision_config', object> & object
	Object.assign(config, { projection_dim: 12 })
	Object.assign(config.text_config, tower, { projection_dim: 12 })
	Object.assign(config.vision_config, tower, { projection_dim: 12, image_size: 16, patch_size: 8 })
	const stream = generator(7, 'noise')
	return {
		engine,
		recipe: {
			...given,
			epochs: 2,
			batchSize: 12,
			captionsPerClass: 1,
			warmupSteps: 2,
			heldOutImages: 6,
			stepsPerCheckpoint: 2,
			config,
			preprocessor: {
				...given.preprocessor,
				size: { shortest_edge: 16 },
				crop_size: { height: 16, width: 16 },
			},
		},
		data: {
			size: 20,
			pixels: Uint8Array.from({ length: 50 * 20 * 20 * 3 }, () => stream.below(256)),
			labels: Uint8Array.from({ length: 50 }, (_, index) => index % 2),
			classes: 2,
		},
		classNames: ['airplane', 'automobile'],
		excluded: new Set([3, 11]),
		tokenizer: await loadTokenizer(join(nano, 'tokenizer.json')),
		output: join(await temporaryFolder(), 'run'),
	}
}

/** Stops after so many steps of this process. */
function stopAfter(steps: number): Pick<PretrainingInput, 'signal' | 'onStep'> {
	const controller = new AbortController()
	let done = 0
	return { signal: controller.signal, onStep: () => ++done === steps && controller.abort() }
}

/** Lines of the log without the pace. */
async function lines({ output }: PretrainingInput): Promise<unknown[]> {
	const { records } = await readJsonLines(join(output, 'log.jsonl'))
	return records.map((record) => ({ ...(record as object), imagesPerSecond: 0 }))
}

describe('pre-training', () => {
	it('stopped and gone on with ends in the same weights and lines', async () => {
		const whole = await inputs()
		const expected = (await pretrain(whole))!
		expect((await lines(whole)).map((line) => (line as { step: number }).step)).toEqual([2, 4, 6])
		expect(expected.seconds).toBeGreaterThan(0)
		const parts = await inputs()
		const saved: number[] = []
		const onSaved = (steps: number) => saved.push(steps)
		expect(await pretrain({ ...parts, ...stopAfter(3), onSaved })).toBeUndefined()
		expect(await pretrain({ ...parts, ...stopAfter(2), onSaved })).toBeUndefined()
		expect(saved).toEqual([2, 3, 3, 4, 5])
		expect((await pretrain(parts))!.weights).toEqual(expected.weights)
		expect(await lines(parts)).toEqual(await lines(whole))
		expect(existsSync(join(parts.output, 'last-good.safetensors'))).toBe(false)
		// Finished, no step is taken again.
		expect((await pretrain({ ...parts, onStep: () => expect.unreachable() }))!.weights).toEqual(expected.weights)
	})

	it('names the file in which a bit is flipped', async () => {
		const input = await inputs()
		await pretrain({ ...input, ...stopAfter(3) })
		for (const [file, message] of [
			['state.safetensors', 'state.safetensors is damaged'],
			['log.jsonl', 'A finished line of the log'],
		] as const) {
			const path = join(input.output, file)
			const good = await readFile(path)
			await flipBit(path, -3)
			await expect(pretrain(input)).rejects.toThrow(message)
			await writeFile(path, good)
		}
	})

	it('goes on with a state as earlier versions wrote it, and refuses one of another recipe', async () => {
		const whole = await inputs()
		const expected = (await pretrain(whole))!
		const input = await inputs()
		await pretrain({ ...input, ...stopAfter(4) })
		const path = join(input.output, 'state.safetensors')
		const { metadata } = await readSafetensorsHeader(path)
		const { step, logLength } = JSON.parse(metadata.progress!) as Record<string, number>
		const tensors = Object.entries(await loadTensors(path)).map(
			([name, value]) => [name.replace(/^parameters\//, 'weights/'), value] as const,
		)
		const earlier = { recipe: metadata.recipe!, step: String(step), logLength: String(logLength) }
		await rm(checksumPath(path))
		await saveTensors(path, Object.fromEntries(tensors), earlier)
		const other = { ...input, recipe: { ...input.recipe, seed: 99 } }
		await expect(pretrain(other)).rejects.toThrow('written with another recipe')
		const notices: string[] = []
		const { weights } = (await pretrain({ ...input, onNotice: (notice) => notices.push(notice) }))!
		expect(notices).toEqual([expect.stringContaining('has no checksum beside it')])
		expect(weights).toEqual(expected.weights)
		expect(await lines(input)).toEqual(await lines(whole))
	})
})
