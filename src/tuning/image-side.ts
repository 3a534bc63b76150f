/** The image side of tuning: losses of a micro-batch of clean and adversarial images, and all gradients in one program. */

import { type ClipModel, logScale } from '../clip/model.js'
import { similarityLogits } from '../clip/similarity.js'
import { type Defense, parameterInputs } from '../defenses/defense.js'
import { grad, ops } from '../onnx/index.js'
import { float32, type Tensor, tensor } from '../onnx/tensor.js'
import type { Engine, Feeds } from '../runtime/engine.js'
import { requireFinite } from './finite.js'
import type { TuningLoss } from './losses.js'

/** One micro-batch. */
export interface MicroBatch {
	/** Clean images [B, 3, S, S] in [0, 1]. */
	readonly clean: Tensor<'float32'>
	/** Their adversarial versions, of the same shape. */
	readonly adversarial: Tensor<'float32'>
	readonly labels: readonly number[]
}

/** What a micro-batch yields. Losses are sums over its images. */
export interface MicroBatchResult {
	readonly cleanLoss: number
	readonly adversarialLoss: number
	/** Images whose class was right, clean and attacked. */
	readonly cleanCorrect: number
	readonly adversarialCorrect: number
	/** Gradient of scale · Σ loss to each image-side parameter. */
	readonly gradients: Readonly<Record<string, Float32Array>>
	/** Gradient of scale · Σ loss to the text features, [C, E]. */
	readonly textGradient: Float32Array
}

/** The compiled program. */
export interface ImageSide {
	/** Names of the parameters that the image features depend on. */
	readonly parameters: readonly string[]
	/**
	 * @param feeds Parameters by name and `textFeatures` [C, E].
	 * @param alpha Weight of the adversarial loss.
	 * @param scale Factor on the summed loss: 1 / batch size makes the sum over micro-batches the batch's mean.
	 * @throws NaptuneError when a loss or gradient is not finite.
	 */
	run(feeds: Feeds, batch: MicroBatch, alpha: number, scale: number): Promise<MicroBatchResult>
	release(): Promise<void>
}

/** Compiles the image side of a defense under a loss. */
export async function createImageSide(
	engine: Engine,
	clip: ClipModel,
	defense: Defense,
	loss: TuningLoss,
): Promise<ImageSide> {
	const { imageSize } = clip.config.vision
	const classes = defense.classNames.length
	const { lookup, used } = parameterInputs(defense)
	const images = (name: string) => ops.input(name, 'float32', ['B', 3, imageSize, imageSize])
	const clean = images('clean')
	const adversarial = images('adversarial')
	const labels = ops.input('labels', 'int64', ['B'])
	const alpha = ops.input('alpha', 'float32', [])
	const scale = ops.input('scale', 'float32', [])
	const textFeatures = ops.input('textFeatures', 'float32', [classes, clip.config.projectionDimension])
	const side = (pixels: typeof clean) => {
		const { features } = defense.imageFeatures(pixels, lookup)
		return { features, logits: similarityLogits(features, textFeatures, logScale(clip)) }
	}
	const sides = { clean: side(clean), adversarial: side(adversarial) }
	const terms = loss.build(sides, labels, alpha)
	const total = ops.mul(ops.reduceSum(terms.loss), scale)
	const names = [...used.keys()]
	const [textGradient, ...gradients] = grad(total, [textFeatures, ...used.values()])
	const program = await engine.compile(
		{
			cleanLoss: terms.clean,
			adversarialLoss: terms.adversarial,
			cleanLogits: sides.clean.logits,
			adversarialLogits: sides.adversarial.logits,
			textGradient: textGradient!,
			...Object.fromEntries(names.map((name, index) => [`gradient/${name}`, gradients[index]!])),
		},
		{ name: 'tuning loss' },
	)
	return {
		parameters: names,
		async run(feeds, batch, alphaValue, scaleValue) {
			const needed = new Set(program.inputs)
			const all: Feeds = {
				...feeds,
				clean: batch.clean,
				adversarial: batch.adversarial,
				labels: tensor('int64', [batch.labels.length], BigInt64Array.from(batch.labels, BigInt)),
				alpha: float32([], [alphaValue]),
				scale: float32([], [scaleValue]),
			}
			const results = await program.run(Object.fromEntries(Object.entries(all).filter(([name]) => needed.has(name))))
			const data = (name: string) => (results[name] as Tensor<'float32'>).data
			const textGradientData = data('textGradient')
			const named = Object.fromEntries(names.map((name) => [name, data(`gradient/${name}`)]))
			requireFinite('loss', { 'clean images': data('cleanLoss'), 'adversarial images': data('adversarialLoss') })
			requireFinite('gradient', { 'the text features': textGradientData, ...named })
			return {
				cleanLoss: sum(data('cleanLoss')),
				adversarialLoss: sum(data('adversarialLoss')),
				cleanCorrect: correct(data('cleanLogits'), batch.labels, classes),
				adversarialCorrect: correct(data('adversarialLogits'), batch.labels, classes),
				gradients: named,
				textGradient: textGradientData,
			}
		},
		release: () => program.release(),
	}
}

function sum(values: Float32Array): number {
	return values.reduce((total, value) => total + value, 0)
}

/** Rows whose largest logit is the label's; a tie counts for the lowest class. */
function correct(logits: Float32Array, labels: readonly number[], classes: number): number {
	return labels.filter((label, row) => {
		const own = logits.subarray(row * classes, (row + 1) * classes)
		return own.indexOf(own.reduce((best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY)) === label
	}).length
}
