/** Zero-shot classification: images to the class names that fit best. */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { float32, type Tensor } from '../core/tensor.js'
import { ops } from '../onnx/graph.js'
import type { ClassProbability } from '../records/parts/class-probability.js'
import type { Engine } from '../runtime/engine.js'
import type { ClipModel } from './model.js'
import { classLogits, encodeImage, type Towers, towersOf } from './towers.js'
import { repeatSingle, type TextSide, type ZeroShotOptions, zeroShotTextFeatures } from './zero-shot-features.js'

export type { ClassProbability } from '../records/parts/class-probability.js'

/** A compiled zero-shot classifier. */
export interface ZeroShotClassifier {
	readonly classNames: readonly string[]
	/** [classes, projection], rows of unit length. */
	readonly textFeatures: Tensor<'float32'>
	/**
	 * The most probable classes of each image, best first; ties keep the class order.
	 * @param images [B, 3, S, S] in [0, 1], preprocessed to the model's size.
	 * @param top Classes per image, at least 1; all of them at most.
	 * @throws NaptuneError for images of another shape, or whose logits are not numbers.
	 */
	classify(images: Tensor<'float32'>, top?: number): Promise<readonly (readonly ClassProbability[])[]>
	/** Frees the engine's program. Idempotent. */
	release(): Promise<void>
}

const imagesPerRun = 32

/**
 * Computes the text features of class names and compiles the image side.
 * @throws NaptuneError as {@link zeroShotTextFeatures}.
 */
export async function createZeroShotClassifier(
	engine: Engine,
	clip: TextSide & Pick<ClipModel, 'statistics'>,
	classNames: readonly string[],
	options: ZeroShotOptions = {},
): Promise<ZeroShotClassifier> {
	const textFeatures = await zeroShotTextFeatures(engine, clip, classNames, options)
	const { imageSize } = clip.config.vision
	const imageShape = [3, imageSize, imageSize]
	const pixels = ops.input('pixels', 'float32', ['B', ...imageShape])
	const { features } = encodeImage(clip, pixels)
	// Part of the graph, not fed: then an image's logits do not depend on how many images are run with it.
	const logits = classLogits(clip, features, ops.literal(textFeatures))
	const program = await engine.compile({ logits }, { name: 'zero-shot classification' })
	const size = imageShape.reduce((product, n) => product * n, 1)
	return {
		classNames,
		textFeatures,
		async classify({ shape, data }, top = 5) {
			const count = shape[0] ?? 0
			if (shape.length !== 4 || count < 1 || imageShape.some((n, axis) => shape[axis + 1] !== n)) {
				throw new NaptuneError(
					'NAP_ARGUMENT_INVALID',
					`Images have the shape [${shape.join(', ')}]; expected [B, ${imageShape.join(', ')}] with B >= 1. Preprocess images to that size first.`,
				)
			}
			if (!Number.isInteger(top) || top < 1) {
				throw new NaptuneError(
					'NAP_ARGUMENT_INVALID',
					`The number of classes to list must be a whole number of at least 1, got ${top}.`,
				)
			}
			const results: ClassProbability[][] = []
			for (let start = 0; start < count; start += imagesPerRun) {
				const rows = Math.min(imagesPerRun, count - start)
				const images = Array.from({ length: rows }, (_, row) =>
					data.subarray((start + row) * size, (start + row + 1) * size),
				)
				const batch = repeatSingle(images)
				const joined = new Float32Array(batch.length * size)
				batch.forEach((image, row) => {
					joined.set(image, row * size)
				})
				const { logits } = await program.run(
					{ pixels: float32([batch.length, ...imageShape], joined) },
					{ transfer: true },
				)
				const scores = (logits as Tensor<'float32'>).data
				images.forEach((_, row) => {
					const own = scores.subarray(row * classNames.length, (row + 1) * classNames.length)
					results.push(mostProbable(own, classNames, top, start + row, towersOf(clip.config).probabilities))
				})
			}
			return results
		},
		release: () => program.release(),
	}
}

/**
 * The most probable classes of one image, best first; of equal ones the first.
 * @param logits One per class. @param image Which image it is, for the error.
 * @param kind Probabilities of all classes together, or of each class by itself.
 * @throws NaptuneError when the logits are not finite.
 */
export function mostProbable(
	logits: Float32Array,
	classNames: readonly string[],
	top: number,
	image: number | string,
	kind: Towers['probabilities'] = 'softmax',
): ClassProbability[] {
	if (!logits.every(Number.isFinite)) {
		throw new NaptuneError(
			'NAP_VALUES_NOT_FINITE',
			`The logits of image ${image} are not finite numbers; its pixels should be in [0, 1].`,
		)
	}
	const largest = logits.reduce((most, logit) => Math.max(most, logit))
	const weights = Float64Array.from(logits, (logit) =>
		kind === 'softmax' ? Math.exp(logit - largest) : 1 / (1 + Math.exp(-logit)),
	)
	const sum = kind === 'softmax' ? weights.reduce((total, weight) => total + weight) : 1
	const order = Array.from(weights.keys()).sort((a, b) => at(logits, b) - at(logits, a))
	return order
		.slice(0, top)
		.map((index) => ({ index, className: at(classNames, index), probability: at(weights, index) / sum }))
}
