/** The three programs that tuning compiles of a defense: text features, the inner attack's gradient, loss with gradients. */

import { createGraphClassifier, type GraphClassifier } from '../attacks/graph-classifier.js'
import { type ClipModel, logScale } from '../clip/model.js'
import { similarityLogits } from '../clip/similarity.js'
import { type Defense, parameterInputs } from '../defenses/defense.js'
import { ops } from '../onnx/index.js'
import type { Engine, Feeds } from '../runtime/engine.js'
import type { TuningConfig } from './configuration.js'
import { createImageSide, type ImageSide } from './image-side.js'
import { tuningLosses } from './losses.js'
import { createTextSide, type TextSide } from './text-side.js'

/** Programs of a run. */
export interface TuningPrograms {
	readonly text: TextSide
	readonly image: ImageSide
	/**
	 * The full current model as the inner attack sees it: pixels to logits, nothing of the text tower in it.
	 * @param feeds The parameters by name and `textFeatures` [C, E]; what it does not read is ignored.
	 */
	attacked(feeds: Feeds): GraphClassifier
	release(): Promise<void>
}

/** Compiles the programs of a run; the inner attack's with its first use. */
export async function compileTuningPrograms(
	engine: Engine,
	clip: ClipModel,
	defense: Defense,
	config: Pick<TuningConfig, 'classesPerChunk' | 'loss'>,
): Promise<TuningPrograms> {
	const text = await createTextSide(engine, defense, config.classesPerChunk)
	const image = await createImageSide(engine, clip, defense, tuningLosses.get(config.loss)!)
	const { imageSize } = clip.config.vision
	const { lookup, used } = parameterInputs(defense)
	const textFeatures = ops.input('textFeatures', 'float32', [
		defense.classNames.length,
		clip.config.projectionDimension,
	])
	const inner = await createGraphClassifier({
		engine,
		classNames: defense.classNames,
		imageShape: [3, imageSize, imageSize],
		build: (pixels) => ({
			logits: similarityLogits(defense.imageFeatures(pixels, lookup).features, textFeatures, logScale(clip)),
		}),
		compileOptions: { name: 'inner attack' },
	})
	const reads = (name: string) => name === 'textFeatures' || used.has(name)
	return {
		text,
		image,
		attacked: (feeds) => inner.withFeeds(Object.fromEntries(Object.entries(feeds).filter(([name]) => reads(name)))),
		async release() {
			await Promise.all([text.release(), image.release(), inner.release()])
		},
	}
}
