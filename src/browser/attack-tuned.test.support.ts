/** The part of the browser test that runs in both places: attacks a tuned model, and returns every number. */

import { imageStreams, prepareAttack, runAttack, threatModel } from '../attacks/index.js'
import { type Classifier, crossEntropyObjective } from '../classifier/index.js'
import { float32, int64, takeRows } from '../core/index.js'
import { deployedClassifier, type TunedModel } from '../evaluation/deployed/index.js'
import { generator } from '../random/index.js'
import type { Engine } from '../runtime/web/index.js'

/** Images [n, 3, S, S] in [0, 1] with their labels. */
export interface LabelledPixels {
	readonly shape: readonly number[]
	readonly pixels: Float32Array
	readonly labels: readonly number[]
}

/** The values to compare, as lists of numbers that pass from a page to its test. */
export interface Attacked {
	readonly device: string
	readonly threads: number
	/** The pass over the clean images. */
	readonly clean: Pass
	/** Predictions after PGD, by image. */
	readonly predictions: readonly number[]
	readonly adversarial: readonly number[]
	/** The pass over the adversarial images. */
	readonly attacked: Pass
	readonly random: readonly number[]
}

/** Logits [n, C] and the gradient [n, 3, S, S] of the cross entropy. */
export interface Pass {
	readonly logits: readonly number[]
	readonly gradient: readonly number[]
}

const epsilon = 3 / 255

/** Opens the model, lets `action` use it and closes it. */
export async function withClassifier<T>(
	engine: Engine,
	{ clip, defense, parameters }: TunedModel,
	action: (classifier: Classifier) => Promise<T>,
): Promise<T> {
	const classifier = await deployedClassifier(engine, clip, defense, parameters)
	try {
		return await action(classifier)
	} finally {
		await classifier.release()
	}
}

/** Attacks with a few steps of PGD. */
export async function attackTuned(engine: Engine, model: TunedModel, images: LabelledPixels): Promise<Attacked> {
	return withClassifier(engine, model, async (classifier) => {
		const { shape, labels } = images
		const pixels = float32(shape, images.pixels)
		const run = runAttack({
			classifier,
			attack: prepareAttack('pgd', { steps: 6, restarts: 1 }),
			threatModel: threatModel('linf', epsilon),
			images: {
				ids: labels.map((_, position) => `image ${position}`),
				labels,
				pixels: async (positions) => takeRows(pixels, positions),
			},
			streams: imageStreams(1),
			batchSize: 3,
			skipWrong: false,
			keepImages: true,
		})
		const predictions: number[] = []
		const adversarial: number[] = []
		for await (const { outcomes, images: kept } of run) {
			predictions.push(...outcomes.map(({ adversarialPrediction }) => adversarialPrediction))
			adversarial.push(...(kept?.data ?? []))
		}
		return {
			device: engine.device,
			threads: engine.threads,
			clean: await passOf(classifier, images),
			predictions,
			adversarial,
			attacked: await passOf(classifier, { shape, labels, pixels: Float32Array.from(adversarial) }),
			random: randomNumbers(),
		}
	})
}

/** One forward and backward pass. */
export async function passOf(classifier: Classifier, { shape, pixels, labels }: LabelledPixels): Promise<Pass> {
	const { taps, gradient } = await classifier.gradient(float32(shape, pixels), crossEntropyObjective, {
		labels: int64([labels.length], BigInt64Array.from(labels, BigInt)),
	})
	return { logits: [...(taps.logits?.data ?? [])], gradient: [...gradient.data] }
}

/** Random numbers of every kind, from several streams. */
export function randomNumbers(): number[] {
	return ['a', 'ä – 漢字 🎲', '\ud800', 'x'.repeat(300)].flatMap((key) => {
		const stream = generator(7, 'browser', key, 0.5)
		return [
			...Array.from({ length: 8 }, () => stream.uint32()),
			...Array.from({ length: 8 }, () => stream.uniform()),
			...Array.from({ length: 8 }, () => stream.normal()),
			...Array.from({ length: 8 }, () => stream.below(1000)),
		]
	})
}
