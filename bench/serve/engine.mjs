/**
 * Measures the engine's own images per second: only the deployed classifier on full batches of preprocessed pictures.
 * bench/serve.mjs compares naptune serve with it; it answers each line on stdin with one measurement.
 *
 * node bench/serve/engine.mjs RUN BATCH SECONDS
 */

import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { float32 } from '../../dist/core/tensor.js'
import { deployedClassifier } from '../../dist/evaluation/deployed/deployed-classifier.js'
import { loadTunedRun } from '../../dist/evaluation/deployed/tuned-run.js'
import { createEngine } from '../../dist/runtime/index.js'

const [run, batchText, secondsText] = process.argv.slice(2)
const batch = Number(batchText)
const { clip, defense, parameters } = await loadTunedRun(resolve(run))
const engine = await createEngine()
const classifier = await deployedClassifier(engine, clip, defense, parameters)
const { imageSize } = clip.config.vision
const pixels = float32(
	[batch, 3, imageSize, imageSize],
	Float32Array.from({ length: batch * 3 * imageSize ** 2 }, (_, index) => (index % 251) / 250),
)
const taps = [
	'logits',
	'imageFeatures',
	...classifier.taps.filter((tap) => ['correction', 'disagreement'].includes(tap)),
]
await classifier.evaluate(pixels, taps)
console.error('ready')
for await (const _ of createInterface({ input: process.stdin })) {
	const start = performance.now()
	const before = process.cpuUsage()
	let images = 0
	while (performance.now() - start < Number(secondsText) * 1000) {
		// Two at once, as in the server, so that the engine goes straight from one to the next.
		await Promise.all([classifier.evaluate(pixels, taps), classifier.evaluate(pixels, taps)])
		images += 2 * batch
	}
	const { user, system } = process.cpuUsage(before)
	const imagesPerSecond = (images * 1000) / (performance.now() - start)
	console.log(JSON.stringify({ imagesPerSecond, processorMilliseconds: (user + system) / 1000 / images }))
}
await classifier.release()
await engine.close()
