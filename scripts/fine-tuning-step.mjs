/**
 * What one step of fine-tuning takes on a model of real geometry: time by part, and the largest memory of the process beside what
 * naptune reckons before a run. Prints one JSON line, and adds it to a record where one is named. Build first; not part of CI.
 *
 *     node scripts/seeded-vit-b-32.mjs FOLDER bpe_simple_vocab_16e6.txt.gz
 *     node scripts/fine-tuning-step.mjs FOLDER [--images 4] [--micro-batch 4] [--last-layers K] [--steps 3] [--record FILE]
 */

import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { loadClip } from '../dist/checkpoints/load-clip.js'
import { fillSeeded } from '../dist/checkpoints/seeded-values.js'
import { initialParameters, trainableParameters } from '../dist/defenses/defense.js'
import { prepareDefense } from '../dist/defenses/registry.js'
import { fineTuningBytes } from '../dist/methods/fine-tuning/fine-tunable.js'
import { tuningConfig } from '../dist/methods/tuning/configuration.js'
import { compileTuningPrograms } from '../dist/methods/tuning/tuning-programs.js'
import { createEngine } from '../dist/runtime/index.js'
import { createGradientSums } from '../dist/training/gradient-sums.js'
import { createOptimizerState, updateParameters } from '../dist/training/optimizers.js'

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		images: { type: 'string', default: '4' },
		'micro-batch': { type: 'string', default: '4' },
		'last-layers': { type: 'string' },
		steps: { type: 'string', default: '3' },
		defense: { type: 'string', default: 'tecoa' },
		record: { type: 'string' },
	},
})
const [folder] = positionals
if (!folder) throw new Error('Give the folder of a checkpoint.')
const images = Number(values.images)
const microBatch = Number(values['micro-batch'])
const lastLayers = values['last-layers'] === undefined ? {} : { lastLayers: Number(values['last-layers']) }
const times = {}
const timed = async (part, work) => {
	const start = performance.now()
	const result = await work()
	times[part] = Math.round((times[part] ?? 0) + performance.now() - start)
	return result
}
const classes = ['cat', 'dog', 'airplane', 'car', 'bird', 'ship', 'horse', 'frog', 'deer', 'truck']

const clip = await loadClip(folder)
const engine = await createEngine({})
const config = tuningConfig({
	defense: { name: values.defense, options: lastLayers },
	attack: { steps: Number(values.steps), relativeStepSize: 0.5 },
})
const defense = prepareDefense(values.defense, clip, classes, lastLayers)
const parameters = await initialParameters(defense, 1)
const optimizer = createOptimizerState('adamw', parameters)
const programs = await timed('compile', () => compileTuningPrograms(engine, clip, defense, config, 'a photo of a {}.'))
const side = clip.config.vision.imageSize
const started = performance.now()
const cpu = process.cpuUsage()
const textFeatures = await timed('text', () => programs.text.features({}))
const feeds = { ...parameters, textFeatures }
const sums = createGradientSums(defense.parameters)
let loss = 0
for (let from = 0; from < images; from += microBatch) {
	const count = Math.min(microBatch, images - from)
	const data = new Float32Array(count * 3 * side ** 2)
	fillSeeded(data, 7, from, { scale: 0.5, offset: 0.5 })
	const clean = { type: 'float32', shape: [count, 3, side, side], data }
	const labels = Array.from({ length: count }, (_, row) => (from + row) % classes.length)
	const ids = labels.map((_, row) => `image ${from + row}`)
	const adversarial = await timed('innerAttack', () =>
		programs.innerAttack(programs.attacked(feeds), { images: clean, labels, ids }, 'epoch 0'),
	)
	const result = await timed('gradients', () =>
		programs.image.run(feeds, { clean, adversarial, labels }, 1, 1 / images),
	)
	for (const [name, gradient] of Object.entries(result.gradients)) sums.add(name, gradient)
	loss += result.adversarialLoss / images
}
await timed('update', () =>
	updateParameters(parameters, sums.tensors(), optimizer, { ...config.optimizer, name: 'adamw' }),
)
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
const row = {
	geometry: `${clip.config.vision.width} wide, ${clip.config.vision.layers} layers, patches of ${clip.config.vision.patchSize}`,
	defense: values.defense,
	...lastLayers,
	parameters: trainableParameters(defense),
	images,
	microBatch,
	innerSteps: Number(values.steps),
	seconds: Math.round(seconds * 1000) / 1000,
	// Of all threads: what the machine's other work does not change.
	processorSeconds: Math.round((user + system) / 1e3) / 1000,
	milliseconds: times,
	peakBytes: process.resourceUsage().maxRSS * 1024,
	reckonedBytes: fineTuningBytes(clip, defense, { microBatchSize: microBatch, batchSize: images }),
	loss,
	threads: engine.threads,
}
console.log(JSON.stringify(row))
if (values.record) {
	const before = existsSync(values.record) ? JSON.parse(await readFile(values.record, 'utf8')) : []
	await writeFile(values.record, `${JSON.stringify([...before, row], null, '\t')}\n`)
}
await programs.release()
await engine.close()
