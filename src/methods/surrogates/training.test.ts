import { existsSync } from 'node:fs'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { subset } from '../../data/dataset.js'
import { checksumPath } from '../../files/checksum.js'
import { flipBit } from '../../files/flip-bit.test.helper.js'
import { readJsonLines } from '../../files/json-lines.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { readModelFile } from '../../onnx/files/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { classifierAccuracy } from './accuracy.js'
import { surrogateFiles } from './files.js'
import type { EpochMeans, TrainingFollower } from './surrogate-training.js'
import { tinyClassifier, tinyDataset, tinySubstitute } from './tiny.test.support.js'
import { trainClassifier } from './train-classifier.js'
import { trainSubstitute } from './train-substitute.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

const dataset = tinyDataset()

function classifier(output: string, family: string, follower: TrainingFollower = {}) {
	return trainClassifier({ engine, dataset, recipe: tinyClassifier({ family, epochs: 8 }), output, ...follower })
}

function substitute(output: string, follower: TrainingFollower = {}) {
	const data = { name: 'tiny', origin: dataset.origin }
	return trainSubstitute({ engine, images: dataset.train, data, recipe: tinySubstitute(), output, ...follower })
}

/** Stops a training after so many steps of this call. */
function stopAfter(steps: number): TrainingFollower {
	const controller = new AbortController()
	let done = 0
	return {
		signal: controller.signal,
		onStep: () => {
			if (++done === steps) controller.abort()
		},
	}
}

describe.each(['plain', 'residual', 'depthwise'])('a classifier of the family %s', (family) => {
	it('learns, and its file holds what was measured', async () => {
		const output = join(await temporaryFolder(), 'surrogate.onnx')
		const epochs: EpochMeans[] = []
		const result = await classifier(output, family, { onEpoch: (means) => epochs.push(means) })
		expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
		expect(epochs.at(-1)!.loss).toBeLessThan(0.8 * epochs[0]!.loss)
		expect(result).toMatchObject({ testImages: 21, lastEpoch: { epoch: 7 } })
		expect(result!.testAccuracy).toBeGreaterThan(0.6)
		const { outputs, inputs } = await readModelFile(output)
		expect(inputs.map(({ shape }) => shape)).toEqual([['B', 3, 8, 8]])
		expect(Object.keys(outputs)).toEqual(['logits', 'features'])
		expect(await classifierAccuracy(engine, outputs.logits!, dataset.test, 8)).toBe(result!.testAccuracy)
	})
})

describe.each([
	['classifier', (output: string, follower?: TrainingFollower) => classifier(output, 'residual', follower)],
	['substitute', substitute],
])('a %s that is stopped', (_, train) => {
	it('ends in the same bytes', async () => {
		const folder = await temporaryFolder()
		const [whole, parts] = [join(folder, 'whole.onnx'), join(folder, 'parts.onnx')]
		await train(whole)
		// In the middle of the first epoch, then at the end of the second.
		expect(await train(parts, stopAfter(2))).toBeUndefined()
		expect(existsSync(surrogateFiles(parts).state)).toBe(true)
		expect(await train(parts, stopAfter(4))).toBeUndefined()
		expect(existsSync(parts)).toBe(false)
		const result = await train(parts)
		expect(result).toBeDefined()
		expect(await readFile(parts)).toEqual(await readFile(whole))
		expect(await readFile(surrogateFiles(parts).log)).toEqual(await readFile(surrogateFiles(whole).log))
		expect(existsSync(surrogateFiles(parts).state)).toBe(false)
		expect(existsSync(surrogateFiles(parts).lastGood)).toBe(false)
		expect(existsSync(surrogateFiles(parts).usage)).toBe(false)
		// Finished, it is not trained again.
		const { mtimeMs } = await stat(parts)
		expect(await train(parts)).toEqual(result)
		expect((await stat(parts)).mtimeMs).toBe(mtimeMs)
	})
})

describe.each([
	['classifier', (output: string, follower?: TrainingFollower) => classifier(output, 'residual', follower)],
	['substitute', substitute],
])('one flipped bit in the files of a %s that was stopped', (_, train) => {
	it('is named, and training ends in the same bytes once it is mended', async () => {
		const folder = await temporaryFolder()
		const [whole, parts] = [join(folder, 'whole.onnx'), join(folder, 'parts.onnx')]
		await train(whole)
		await train(parts, stopAfter(5))
		const files = surrogateFiles(parts)
		for (const [path, message] of [
			[files.state, 'parts.state.safetensors is damaged'],
			[files.log, 'A finished line of the log'],
		] as const) {
			const good = await readFile(path)
			await flipBit(path, -3)
			await expect(train(parts)).rejects.toThrow(message)
			await writeFile(path, good)
		}
		// From the last good state.
		await rm(files.state)
		expect(await train(parts)).toBeDefined()
		expect(await readFile(parts)).toEqual(await readFile(whole))
		expect(await readFile(files.log)).toEqual(await readFile(surrogateFiles(whole).log))
	})
})

it('a state without a checksum is gone on with, and that is told', async () => {
	const output = join(await temporaryFolder(), 'surrogate.onnx')
	await substitute(output, stopAfter(5))
	await rm(checksumPath(surrogateFiles(output).state))
	const notices: string[] = []
	expect(await substitute(output, { onNotice: (notice) => notices.push(notice) })).toBeDefined()
	expect(notices).toEqual([expect.stringContaining('surrogate.state.safetensors has no checksum beside it')])
})

it('what is saved is told: nothing before the first step', async () => {
	const output = join(await temporaryFolder(), 'surrogate.onnx')
	const saved: number[] = []
	const onSaved = (steps: number) => saved.push(steps)
	expect(await substitute(output, { signal: AbortSignal.abort(), onSaved })).toBeUndefined()
	expect(saved).toEqual([])
	await substitute(output, { ...stopAfter(2), onSaved })
	expect(saved).toEqual([2])
	await substitute(output, { signal: AbortSignal.abort(), onSaved })
	expect(saved).toEqual([2, 2])
})

it('a substitute learns, and gives features and embeddings', async () => {
	const output = join(await temporaryFolder(), 'substitute.onnx')
	await trainSubstitute({
		engine,
		images: dataset.train,
		data: { name: 'tiny', origin: dataset.origin },
		recipe: tinySubstitute({ epochs: 8, steps: 2, width: 4 }),
		output,
	})
	const { records } = await readJsonLines(surrogateFiles(output).log)
	const losses = records.map((record) => (record as { contrastive: number }).contrastive)
	expect(losses.at(-1)).toBeLessThan(losses[0]!)
	const session = await InferenceSession.create(output)
	expect(session.outputNames).toEqual(['features', 'embedding'])
	await session.release()
})

describe('a training that cannot be', () => {
	it('refuses a file of another surrogate, and names the difference', async () => {
		const output = join(await temporaryFolder(), 'surrogate.onnx')
		const recipe = tinyClassifier({ epochs: 1 })
		await trainClassifier({ engine, dataset, recipe, output })
		const other = trainClassifier({ engine, dataset, recipe: { ...recipe, seed: 2 }, output })
		await expect(other).rejects.toThrow('recipe.seed (2, was 1)')
		const images = {
			...dataset,
			train: subset(
				dataset.train,
				Array.from({ length: 20 }, (_, index) => index),
			),
		}
		await expect(trainClassifier({ engine, dataset: images, recipe, output })).rejects.toThrow(
			'data.images (20, was 30)',
		)
	})

	it('knows data by their pixels, and leaves a model of unknown origin alone', async () => {
		const output = join(await temporaryFolder(), 'surrogate.onnx')
		const recipe = tinyClassifier({ epochs: 1 })
		const result = await trainClassifier({ engine, dataset, recipe, output })
		const moved = { ...dataset, name: 'elsewhere', origin: { dataset: 'own', path: '/elsewhere' } as const }
		expect(await trainClassifier({ engine, dataset: moved, recipe, output })).toEqual(result)
		await rm(surrogateFiles(output).record)
		const model = await readFile(output)
		await expect(trainClassifier({ engine, dataset, recipe, output })).rejects.toThrow('already exists')
		expect(await readFile(output)).toEqual(model)
	})

	it('says that a batch needs as many images, and that the file is an ONNX model', async () => {
		const output = join(await temporaryFolder(), 'surrogate.onnx')
		const recipe = tinyClassifier({ batchSize: 31 })
		await expect(trainClassifier({ engine, dataset, recipe, output })).rejects.toThrow('30 training images, fewer than')
		const wrong = trainClassifier({ engine, dataset, recipe: tinyClassifier(), output: `${output}.bin` })
		await expect(wrong).rejects.toThrow('must end in .onnx')
	})

	it('stops where numbers are not finite, and keeps the last state', async () => {
		const output = join(await temporaryFolder(), 'surrogate.onnx')
		const recipe = tinyClassifier({ learningRate: 1e30 })
		await expect(trainClassifier({ engine, dataset, recipe, output })).rejects.toThrow('Lower --learning-rate')
		expect(existsSync(output)).toBe(false)
	})
})
