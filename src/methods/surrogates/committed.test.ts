import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadCifar10Mini } from '../../data/cifar10-mini.js'
import type { Dataset } from '../../data/dataset.js'
import { sha256OfFile } from '../../files/sha256.js'
import { readModelFile } from '../../onnx/files/index.js'
import { readRecord } from '../../records/record-kind.js'
import { surrogateKind } from '../../records/surrogate.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { classifierAccuracy } from './accuracy.js'
import { surrogateFiles } from './files.js'
import { classifierRecipe } from './recipe.js'
import { squareImages } from './square-images.js'

let engine: ModelEngine
let dataset: Dataset
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	dataset = await loadCifar10Mini()
})
afterAll(() => engine.close())

it.each(['plain', 'residual', 'depthwise'])(
	'the %s surrogate of the repository is what its record says',
	async (family) => {
		const files = surrogateFiles(
			fileURLToPath(new URL(`../../../models/surrogates/cifar10-mini/${family}.onnx`, import.meta.url)),
		)
		const { recipe, data, result } = await readRecord(surrogateKind, files.record)
		expect(recipe).toEqual(classifierRecipe({ family }))
		expect((await squareImages(dataset.train, 32, 'crop')).sha256).toBe(data.sha256)
		expect(await sha256OfFile(files.model)).toBe(result.sha256)
		const { outputs } = await readModelFile(files.model)
		// On another processor, rounding may decide an image or two otherwise.
		const accuracy = await classifierAccuracy(engine, outputs.logits!, dataset.test, 32)
		expect(Math.abs(accuracy - result.testAccuracy!)).toBeLessThan(0.005)
	},
)
