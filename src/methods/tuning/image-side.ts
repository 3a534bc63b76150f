/** The image side of tuning: losses of a micro-batch of clean and adversarial images, and all gradients in one program. */

import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { float32, type Tensor, tensor } from '../../core/tensor.js'
import { defenseLogits } from '../../defenses/class-logits.js'
import { type Defense, parameterInputs } from '../../defenses/defense.js'
import type { ClassLoss, LossSide, TuningLoss } from '../../defenses/tuning-losses.js'
import { grad, ops } from '../../onnx/graph.js'
import type { Engine, Feeds } from '../../runtime/engine.js'
import { requireFinite } from '../../training/finite.js'
import type { ClipModel } from '../../vlm/model.js'
import { classLogits, encodeImage } from '../../vlm/towers.js'

/** Advice for non-finite values. */
export const finiteAdvice = 'Lower optimizer.learningRate or attack.epsilon.'

/** One micro-batch. */
export interface MicroBatch {
	/** Clean images [B, 3, S, S] in [0, 1], or with a bank their features [B, E]. */
	readonly clean: Tensor<'float32'>
	/** Their adversarial versions, of the same shape; may be missing for a loss without attack. */
	readonly adversarial?: Tensor<'float32'> | undefined
	readonly labels: readonly number[]
	/** Rows that count in their adversarial version if the loss splits the batch; none by default. */
	readonly adversarialHalf?: readonly boolean[]
}

/** The result of a micro-batch. Losses are sums over its images. */
export interface MicroBatchResult {
	readonly cleanLoss: number
	/** 0 without an attack, like the count below. */
	readonly adversarialLoss: number
	/** Number of correctly classified images, clean and attacked. */
	readonly cleanCorrect: number
	readonly adversarialCorrect: number
	/** Gradient of scale · Σ loss to each image-side parameter. */
	readonly gradients: Readonly<Record<string, Float32Array>>
	/** Gradient of scale · Σ loss to the text features, [C, E]; missing where the texts depend on the image. */
	readonly textGradient?: Float32Array
	/** The same to those of the teacher, where there is one. */
	readonly teacherTextGradient?: Float32Array
}

/** The compiled program. */
export interface ImageSide {
	/** Names of the parameters that the image features depend on. */
	readonly parameters: readonly string[]
	/**
	 * @param feeds Parameters by name, `textFeatures` [C, E], and of a teacher `teacherTextFeatures`.
	 * @param alpha Weight of the adversarial loss.
	 * @param scale Factor on the summed loss: 1 / batch size makes the sum over micro-batches the batch's mean.
	 * @throws NaptuneError when a loss or gradient is not finite.
	 */
	run(feeds: Feeds, batch: MicroBatch, alpha: number, scale: number): Promise<MicroBatchResult>
	release(): Promise<void>
}

/**
 * Compiles the image side of a defense under a loss.
 * @param input Kind of feeds: pictures, or image features from a bank.
 * @param classLoss The cross entropy that the loss uses; reports always use the softmax cross entropy.
 */
export async function createImageSide(
	engine: Engine,
	clip: ClipModel,
	defense: Defense,
	loss: TuningLoss,
	input: 'pixels' | 'features' = 'pixels',
	classLoss: ClassLoss = 'softmax',
): Promise<ImageSide> {
	const { imageSize } = clip.config.vision
	const { projectionDimension } = clip.config
	const classes = defense.classNames.length
	const { lookup, used } = parameterInputs(defense)
	const pixelShape = ['B', 3, imageSize, imageSize]
	const labels = ops.input('labels', 'int64', ['B'])
	const alpha = ops.input('alpha', 'float32', [])
	const scale = ops.input('scale', 'float32', [])
	const adversarialHalf = ops.input('adversarialHalf', 'float32', ['B'])
	const textFeatures = ops.input('textFeatures', 'float32', [classes, projectionDimension])
	const side = (name: string): LossSide => {
		const features =
			input === 'features'
				? ops.input(name, 'float32', ['B', projectionDimension])
				: defense.imageFeatures(ops.input(name, 'float32', pixelShape), lookup).features
		return { features, logits: defenseLogits(clip, defense, features, () => textFeatures, lookup) }
	}
	const clean = side('clean')
	const adversarial = loss.attacks ? side('adversarial') : clean
	const teacherTextFeatures = ops.input('teacherTextFeatures', 'float32', [classes, projectionDimension])
	const teacher = (beside: NonNullable<Defense['teacher']>): LossSide => {
		const { features } = beside.imageFeatures(ops.input('clean', 'float32', pixelShape), lookup)
		return { features, logits: classLogits(clip, features, teacherTextFeatures) }
	}
	const original = () =>
		input === 'features' ? clean.features : encodeImage(clip, ops.input('clean', 'float32', pixelShape)).features
	const perImage = loss.build({
		clean,
		adversarial,
		labels,
		alpha,
		adversarialHalf,
		classLoss,
		...(loss.comparesWithOriginal ? { original: original() } : {}),
		...(loss.hasTeacher && defense.teacher ? { teacher: teacher(defense.teacher) } : {}),
	})
	const total = ops.mul(ops.reduceSum(perImage), scale)
	const names = [...used.keys()]
	const texts = {
		...(defense.textFeaturesOfImages ? {} : { textGradient: textFeatures }),
		...(defense.teacher ? { teacherTextGradient: teacherTextFeatures } : {}),
	}
	const [kinds, features] = [Object.keys(texts), Object.values(texts)]
	const gradients = grad(total, [...features, ...used.values()])
	const textGradients = Object.fromEntries(kinds.map((name, index) => [name, at(gradients, index)]))
	const attacked = {
		adversarialLoss: ops.crossEntropy(adversarial.logits, labels),
		adversarialLogits: adversarial.logits,
	}
	const program = await engine.compile(
		{
			total,
			cleanLoss: ops.crossEntropy(clean.logits, labels),
			cleanLogits: clean.logits,
			...(loss.attacks ? attacked : {}),
			...textGradients,
			...Object.fromEntries(names.map((name, index) => [`gradient/${name}`, at(gradients, index + kinds.length)])),
		},
		{ name: 'tuning loss' },
	)
	return {
		parameters: names,
		async run(feeds, batch, alphaValue, scaleValue) {
			const needed = new Set(program.inputs)
			const count = batch.labels.length
			const half = Float32Array.from({ length: count }, (_, row) => (batch.adversarialHalf?.[row] ? 1 : 0))
			const all: Feeds = {
				...feeds,
				clean: batch.clean,
				...defined({ adversarial: batch.adversarial }),
				labels: tensor('int64', [count], BigInt64Array.from(batch.labels, BigInt)),
				alpha: float32([], [alphaValue]),
				scale: float32([], [scaleValue]),
				adversarialHalf: float32([count], half),
			}
			const results = await program.run(Object.fromEntries(Object.entries(all).filter(([name]) => needed.has(name))))
			const data = (name: string) => (results[name] as Tensor<'float32'>).data
			const ofTexts = Object.fromEntries(kinds.map((kind) => [kind, data(kind)]))
			const named = Object.fromEntries(names.map((name) => [name, data(`gradient/${name}`)]))
			const losses = {
				'the batch': data('total'),
				'clean images': data('cleanLoss'),
				...defined({ 'adversarial images': loss.attacks ? data('adversarialLoss') : undefined }),
			}
			requireFinite('loss', losses, finiteAdvice)
			requireFinite('gradient', { ...textsInWords(ofTexts), ...named }, finiteAdvice)
			return {
				cleanLoss: sum(data('cleanLoss')),
				adversarialLoss: loss.attacks ? sum(data('adversarialLoss')) : 0,
				cleanCorrect: correct(data('cleanLogits'), batch.labels, classes),
				adversarialCorrect: loss.attacks ? correct(data('adversarialLogits'), batch.labels, classes) : 0,
				gradients: named,
				...ofTexts,
			}
		},
		release: () => program.release(),
	}
}

/** As errors name them. */
function textsInWords(gradients: Readonly<Record<string, Float32Array>>): Readonly<Record<string, Float32Array>> {
	const words: Readonly<Record<string, string>> = {
		textGradient: 'the text features',
		teacherTextGradient: "the teacher's text features",
	}
	return Object.fromEntries(Object.entries(gradients).map(([kind, values]) => [words[kind] ?? kind, values]))
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
