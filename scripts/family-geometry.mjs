/**
 * Measures the cost of a model of real geometry: loading, one zero-shot classification, one step of NAP with the paper's inner
 * attack.
 * Prints one JSON line. Build first; not part of CI.
 *
 *     node scripts/family-geometry.mjs FOLDER [images per step, 4 by default]
 */

import { loadClip } from '../dist/checkpoints/load-clip.js'
import { fillSeeded } from '../dist/checkpoints/seeded-values.js'
import { initialParameters, trainableParameters } from '../dist/defenses/defense.js'
import { prepareDefense } from '../dist/defenses/registry.js'
import { tuningConfig } from '../dist/methods/tuning/configuration.js'
import { compileTuningPrograms } from '../dist/methods/tuning/tuning-programs.js'
import { createEngine } from '../dist/runtime/index.js'
import { createZeroShotClassifier } from '../dist/vlm/zero-shot.js'

const [folder, count = '4'] = process.argv.slice(2)
const images = Number(count)
const seconds = async (work) => {
	const start = performance.now()
	const result = await work()
	return [result, Math.round(performance.now() - start) / 1000]
}
const classes = ['cat', 'dog', 'airplane', 'car', 'bird', 'ship', 'horse', 'frog', 'deer', 'truck']

const [clip, load] = await seconds(() => loadClip(folder))
const { imageSize } = clip.config.vision
const engine = await createEngine({})
const pixels = new Float32Array(images * 3 * imageSize ** 2)
fillSeeded(pixels, 7, 0, { scale: 0.5, offset: 0.5 })
const batch = { type: 'float32', shape: [images, 3, imageSize, imageSize], data: pixels }
const [zeroShot, text] = await seconds(() => createZeroShotClassifier(engine, clip, classes))
const [found, classify] = await seconds(() => zeroShot.classify(batch, 1))
await zeroShot.release()

const config = tuningConfig({ defense: { name: 'nap', options: {} } })
const defense = prepareDefense('nap', clip, classes)
const programs = await compileTuningPrograms(engine, clip, defense, config, 'a photo of a {}.')
const feeds = await initialParameters(defense, 1)
const labels = Array.from({ length: images }, (_, index) => index % classes.length)
const ids = labels.map((_, index) => `image ${index}`)
const step = async () => {
	const textFeatures = await programs.text.features(feeds)
	const all = { ...feeds, textFeatures }
	const adversarial = await programs.innerAttack(programs.attacked(all), { images: batch, labels, ids }, 'epoch 0')
	const result = await programs.image.run(all, { clean: batch, adversarial, labels }, 1, 1 / images)
	let largest = 0
	await programs.text.backward(feeds, result.textGradient, (_, gradient) => {
		for (const value of gradient) largest = Math.max(largest, Math.abs(value))
	})
	return { loss: result.cleanLoss / images, textGradient: largest }
}
const [first, napStep] = await seconds(step)
console.log(
	JSON.stringify({
		folder: folder.split('/').at(-1),
		family: clip.config.family ?? 'clip',
		images,
		load,
		textFeatures: text,
		classify,
		top: found[0][0].className,
		napStep,
		...first,
		trainable: trainableParameters(defense),
		peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
	}),
)
await programs.release()
await engine.close()
