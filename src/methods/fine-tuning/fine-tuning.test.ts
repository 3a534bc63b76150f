import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadClip } from '../../checkpoints/load-clip.js'
import { present } from '../../core/at.js'
import { float32 } from '../../core/tensor.js'
import { fixedParameters } from '../../defenses/defense.js'
import { openRun } from '../../evaluation/deployed/tuned-run.js'
import { sha256OfFile } from '../../files/sha256.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { ops, type Value } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { encodeImage } from '../../vlm/towers.js'
import { tuningConfig } from '../tuning/configuration.js'
import { tinyClip, tinyDataset, tinyTuning } from '../tuning/tiny.test.support.js'
import { tune } from '../tuning/tune.js'
import { requireFineTunable } from './fine-tunable.js'

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
})
