import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadClip } from '../../checkpoints/load-clip.js'
import { at, entry, present } from '../../core/at.js'
import { float32 } from '../../core/tensor.js'
import { fixedParameters, initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { openRun } from '../../evaluation/deployed/tuned-run.js'
import { sha256OfFile } from '../../files/sha256.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { ops, type Value } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { loadTensors } from '../../training/tensor-set.js'
import { parseClipConfig } from '../../vlm/config.js'
import { encodeImage } from '../../vlm/towers.js'
import { tuningConfig } from '../tuning/configuration.js'
import { tinyClip, tinyDataset, tinyTuning } from '../tuning/tiny.test.support.js'
import { tune } from '../tuning/tune.js'
import { fineTuningBytes, requireFineTunable } from './fine-tunable.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

it('ends in a checkpoint that is the tuned model, the same after a stop, which NAP is tuned on', async () => {
	const folder = await temporaryFolder()
	const clip = await tinyClip(join(folder, 'model'))
	const config = tuningConfig({
		defense: { name: 'fare' },
		shots: 4,
		epochs: 2,
		batchSize: 6,
		microBatchSize: 4,
		optimizer: { learningRate: 1e-3, warmupRate: null },
		attack: { epsilon: 4 / 255, steps: 2, relativeStepSize: 0.6 },
		stopOnCollapse: false,
	})
	const run = { engine, clip, dataset: tinyDataset(), config }
	const whole = await tune({ ...run, output: join(folder, 'whole') })

	const stop = new AbortController()
	const output = join(folder, 'stopped')
	const half = await tune({ ...run, output, signal: stop.signal, onEpoch: () => stop.abort() })
	expect(half.finished).toBe(false)
	await tune({ ...run, output, resume: true })
	const weights = (name: string) => sha256OfFile(join(folder, name, 'checkpoint', 'model.safetensors'))
	expect(await weights('stopped')).toBe(await weights('whole'))

	const checkpoint = join(folder, 'whole', 'checkpoint')
	const tuned = await loadClip(checkpoint)
	expect(tuned.checkpoint.sha256).toBe(await weights('whole'))
	expect(tuned.checkpoint.sha256).not.toBe(clip.checkpoint.sha256)
	const pixels = ops.input('pixels', 'float32', ['B', 3, 16, 16])
	const images = float32(
		[2, 3, 16, 16],
		Float32Array.from({ length: 2 * 768 }, (_, index) => (index % 97) / 97),
	)
	const featuresOf = async (features: Value) => {
		const program = await engine.compile({ features })
		const { features: found } = await program.run({ pixels: images })
		await program.release()
		return present(found, 'features').data
	}
	const asCheckpoint = await featuresOf(encodeImage(tuned, pixels).features)
	expect(asCheckpoint).toEqual(
		await featuresOf(whole.defense.imageFeatures(pixels, fixedParameters(whole.parameters)).features),
	)
	expect(asCheckpoint).not.toEqual(await featuresOf(encodeImage(clip, pixels).features))

	const nap = tinyTuning({ epochs: 1 })
	const onTop = join(folder, 'nap-over-fare')
	expect((await tune({ engine, clip: tuned, dataset: tinyDataset(), config: nap, output: onTop })).finished).toBe(true)
	// What was tuned on one tower is not evaluated on the other.
	await expect(openRun(onTop, join(folder, 'model'))).rejects.toMatchObject({ code: 'NAP_MODEL_DIFFERS' })
	await expect(openRun(join(folder, 'whole'), checkpoint)).rejects.toMatchObject({ code: 'NAP_MODEL_DIFFERS' })

	// A checkpoint that was changed, and one that is gone.
	const weightsFile = join(checkpoint, 'model.safetensors')
	const bytes = await readFile(weightsFile)
	bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
	await writeFile(weightsFile, bytes)
	await expect(openRun(onTop)).rejects.toMatchObject({ code: 'NAP_MODEL_DIFFERS' })
	await rm(checkpoint, { recursive: true })
	await expect(openRun(onTop)).rejects.toThrow(checkpoint)
	await rm(join(folder, 'model'), { recursive: true })
	await expect(openRun(join(folder, 'whole'))).rejects.toThrow(join(folder, 'model'))
})

it('stops at a loss that is not finite with the last good state kept, and refuses layers that are not there', async () => {
	const folder = await temporaryFolder()
	const clip = await tinyClip(join(folder, 'model'))
	const settings = { defense: { name: 'tecoa' }, shots: 4, batchSize: 6, microBatchSize: 4, stopOnCollapse: false }
	const attack = { epsilon: 4 / 255, steps: 1 }
	const output = join(folder, 'run')
	const config = tuningConfig({ ...settings, attack, epochs: 6, optimizer: { learningRate: 1e38, warmupRate: 1e-4 } })
	const run = { engine, clip, dataset: tinyDataset(), output }
	const message = await tune({ ...run, config }).catch((error: Error) => error.message)
	expect(message).toMatch(/^Tuning stopped in epoch \d of 6, step \d of 2: .*not finite/)
	const kept = /The last good state is kept in (.*)\.$/.exec(String(message))?.[1]
	for (const { data } of Object.values(await loadTensors(String(kept)))) expect(data.every(Number.isFinite)).toBe(true)
	expect(existsSync(join(output, 'checkpoint'))).toBe(false)

	const deep = tuningConfig({ ...settings, attack, defense: { name: 'tecoa', options: { lastLayers: 3 } } })
	const other = join(folder, 'deep')
	await expect(tune({ ...run, output: other, config: deep })).rejects.toThrow(
		/lastLayers is 3, but the image tower has 2 layers/,
	)
	expect(existsSync(other)).toBe(false)
})

it('moves groups at rates of their own, and leaves those of rate 0 as they are', async () => {
	const folder = await temporaryFolder()
	const clip = await tinyClip(join(folder, 'model'))
	const moved = async (rates: Readonly<Record<string, number>>) => {
		const config = tuningConfig({
			defense: { name: 'tecoa', options: { rates } },
			shots: 4,
			epochs: 1,
			batchSize: 12,
			optimizer: { learningRate: 1e-3, warmupRate: null, weightDecay: 0 },
			attack: { epsilon: 4 / 255, steps: 1 },
			stopOnCollapse: false,
		})
		const output = join(folder, JSON.stringify(rates).replaceAll(/\W/g, ''))
		const { defense, parameters } = await tune({ engine, clip, dataset: tinyDataset(), config, output })
		const start = await initialParameters(defense, 1)
		return (name: string) => {
			const [before, after] = [entry(start, `image.${name}`).data, entry(parameters, `image.${name}`).data]
			return Math.max(...after.map((value, index) => Math.abs(value - at(before, index))))
		}
	}
	const fc = (block: number) => `vision_model.encoder.layers.${block}.mlp.fc1.weight`
	const [embedding, projection] = ['vision_model.embeddings.position_embedding.weight', 'visual_projection.weight']
	// The first step of AdamW moves every number by the rate.
	const own = await moved({ embeddings: 0, blocks: 0.5, projection: 2 })
	expect([embedding, fc(0), fc(1), projection].map((name) => own(name) / 1e-3)).toEqual([
		0,
		expect.closeTo(0.5, 2),
		expect.closeTo(0.5, 2),
		expect.closeTo(2, 2),
	])
	const decaying = await moved({ layerDecay: 0.5 })
	expect([embedding, fc(0), fc(1), projection].map((name) => decaying(name) / 1e-3)).toEqual(
		[0.25, 0.5, 1, 1].map((factor) => expect.closeTo(factor, 2)),
	)
	expect(() => prepareDefense('tecoa', clip, ['cat', 'dog'], { rates: { blocks: -1 } })).toThrow(/blocks/)
})

it('says how much memory it lacks before it starts', async () => {
	const clip = await tinyClip(join(await temporaryFolder(), 'model'))
	const defense = {
		name: 'tecoa',
		parameters: new Map([['image.x', { shape: [86_000_000], initial: () => new Float32Array() }]]),
	}
	const size = { microBatchSize: 32, batchSize: 512 }
	expect(() => requireFineTunable(clip, defense, size, 2e9)).toThrow(/need about 2\.8 GB .*2\.0 GB are free/)
	expect(() => requireFineTunable(clip, defense, size, 4e9)).not.toThrow()

	// The whole tower of ViT-B/16, and its last two layers.
	const config = parseClipConfig({ model_type: 'clip', text_config: {}, vision_config: { patch_size: 16 } })
	const large = { ...clip, config: { ...config, text: clip.config.text } }
	const tower = (options = {}) => prepareDefense('fare', large, ['cat', 'dog'], options)
	expect(() => requireFineTunable(large, tower(), size, 8e9)).toThrow(
		/^fare would need about \d+\.\d GB of memory for 86192640 numbers and micro-batches of 32; 8\.0 GB are free\. Lower microBatchSize/,
	)
	const needs = (options: object, microBatchSize: number) =>
		fineTuningBytes(large, tower(options), { microBatchSize, batchSize: 512 })
	expect(needs({}, 1)).toBeLessThan(needs({}, 32))
	expect(needs({ lastLayers: 2 }, 1)).toBeLessThan(needs({}, 1))
})
