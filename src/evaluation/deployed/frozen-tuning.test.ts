import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadClip } from '../../checkpoints/load-clip.js'
import { loadCifar10Mini } from '../../data/cifar10-mini.js'
import { stratifiedSubset } from '../../data/subsets.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tuningConfig } from '../../methods/tuning/configuration.js'
import { tune } from '../../methods/tuning/tune.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { preparedImages } from '../robustness/evaluate.js'
import { controlDefense } from './control.js'
import { deployedClassifier } from './deployed-classifier.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** A rate whose steps vanish in float32, so that a whole run with attacks, gradients and updates moves nothing. */
const frozen = { name: 'sgd', learningRate: 1e-30, warmupRate: null, weightDecay: 0 }

it.each(['coop', 'advpt-e2e'])(
	'%s that starts from "a photo of a" and is tuned with everything frozen is vanilla, bit for bit',
	async (name) => {
		const clip = await loadClip('nano')
		const dataset = await loadCifar10Mini()
		const config = tuningConfig({
			defense: { name, options: { textPrompts: 4, contextInit: 'words' } },
			shots: 2,
			epochs: 2,
			batchSize: 10,
			optimizer: frozen,
			attack: { epsilon: 3 / 255, steps: 2 },
			augmentation: 'none',
		})
		const output = join(await temporaryFolder(), 'run')
		const { defense, parameters } = await tune({ engine, clip, dataset, config, output })
		const images = await preparedImages(clip, stratifiedSubset(dataset.test, 20, 1), [...Array(20).keys()])
		const logits = async (model: Parameters<typeof deployedClassifier>[2], values: typeof parameters) => {
			const classifier = await deployedClassifier(engine, clip, model, values)
			const { logits } = await classifier.evaluate(images, ['logits'])
			await classifier.release()
			return logits!.data
		}
		expect(await logits(defense, parameters)).toEqual(await logits(controlDefense(clip, dataset), {}))
	},
)
