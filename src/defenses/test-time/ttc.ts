/**
 * TTC: the image attacks itself before classification. The idea: an adversarial image sits in a narrow dent, where random
 * noise hardly moves its features. In that case, a few steps of PGD carry it away from its own features.
 */

import { z } from 'zod'
import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { float32 } from '../../core/tensor.js'
import { grad, ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import { generator } from '../../random/counter-based.js'
import { defineTestTime } from './define-test-time.js'
import { drawKeys, randomisedOption, randomisedOrAbsent } from './hidden-numbers.js'
import { parametersAs } from './prompt-literals.js'

const schema = z
	.strictObject({
		/** Size of the counterattack in L-infinity, in pixel units of [0, 1]. */
		epsilon: z
			.number()
			.positive()
			.max(1)
			.default(4 / 255),
		/** Steps of the counterattack. */
		steps: z.int().positive().default(2),
		/** Size of a step, in pixel units. */
		stepSize: z
			.number()
			.positive()
			.default(1 / 255),
		/** If noise moves the features by less than this share, the image is counterattacked; otherwise it only gets the noise. */
		threshold: z.number().nonnegative().default(0.2),
		/** Each step weighs exp(beta) times as much as the one before. */
		beta: z.number().default(2),
		/** Seed of the noise. */
		seed: z.int().nonnegative().default(0),
		...randomisedOption,
	})
	.transform(randomisedOrAbsent)

/** Options of TTC with defaults filled in. */
export type TtcConfig = z.output<typeof schema>

/** The noise that every image starts from: uniform within epsilon, [1, 3, S, S]. @param draw 0 for the deployed one. */
export function counterattackNoise(size: number, { epsilon, seed }: Pick<TtcConfig, 'epsilon' | 'seed'>, draw = 0) {
	const stream = generator(seed, 'counterattack noise', ...drawKeys(draw))
	return float32(
		[1, 3, size, size],
		Float32Array.from({ length: 3 * size * size }, () => (2 * stream.uniform() - 1) * epsilon),
	)
}

/** delta within epsilon, and the changed image within [0, 1]. */
function projected(delta: Value, pixels: Value, epsilon: number): Value {
	const bounded = ops.clip(delta, -epsilon, epsilon)
	return ops.maximum(ops.minimum(bounded, ops.sub(1, pixels)), ops.neg(pixels))
}

/**
 * TTC (Xing et al., CVPR 2025) as in its reference code: noise, `steps` sign-gradient steps that maximise the squared
 * distance of the features from the image's own, and the mean of all perturbations on the way, weighted by exp(beta · step).
 * If the noise alone moves the features by a share of at least `threshold`, only the noise is added. Features are those of
 * the image tower before normalisation.
 *
 * Differences from the reference: the noise is one pattern, the same for every image, drawn from `seed` and known to the
 * attacker (an image's result must not depend on its batch, and a secret seed would be security by obscurity), unless
 * `randomised` hides it: then the attacker has other patterns from the same distribution, to use one or to average over
 * many. The move under noise is measured in the features of the model itself; the reference uses vanilla CLIP's for
 * fine-tuned models. Everything is float32; the reference runs in mixed precision.
 *
 * The attacker uses the gradient at the counterattacked image. The steps have the derivative 0 almost everywhere (a sign)
 * and so have the weights (a threshold), so this is the exact gradient wherever the box does not clip.
 */
export const ttc = defineTestTime({
	name: 'ttc',
	doc: 'Counterattacks each image: moves it away from its own features if noise hardly moves them.',
	source: 'Xing et al. 2025 (Test-Time Counterattacks), CVPR; code Sxing2/CLIP-Test-time-Counterattacks',
	schema,
	adapts: 'image',
	attackedThrough: 'bpda-identity',
	needsTrainingImages: false,
	unsuited: () => undefined,
	async prepare({ clip, defense, parameters }, config) {
		const { epsilon, steps, stepSize, threshold, beta, randomised } = config
		const { imageSize } = clip.config.vision
		return {
			kind: 'purifier',
			...defined({
				hidden: randomised
					? { draw: (index: number) => ({ noise: counterattackNoise(imageSize, config, index) }) }
					: undefined,
			}),
			purify(pixels, hidden) {
				const own = parametersAs(pixels.type, parameters)
				const features = (images: Value) => defense.imageFeatures(images, own).features
				const undisturbed = features(pixels)
				const noise = hidden?.noise ?? ops.literal(counterattackNoise(imageSize, config))
				let delta = projected(ops.cast(noise, pixels.type), pixels, epsilon)
				const deltas = [delta]
				const moves: Value[] = []
				for (let step = 0; step < steps; step++) {
					const away = ops.sub(features(ops.add(pixels, delta)), undisturbed)
					if (step === 0) moves.push(ops.div(ops.reduceL2(away, [1]), ops.reduceL2(undisturbed, [1])))
					const gradient = at(grad(ops.reduceSum(ops.mul(away, away), [1]), [delta]), 0)
					delta = projected(ops.add(delta, ops.mul(ops.sign(gradient), stepSize)), pixels, epsilon)
					deltas.push(delta)
				}
				const stable = ops.unsqueeze(ops.less(at(moves, 0), threshold), [1, 2, 3])
				const added = ops.where(stable, weightedMean(deltas, beta), at(deltas, 0))
				// A mean of points in the box lies in the box, up to rounding.
				return ops.clip(ops.add(pixels, added), 0, 1)
			},
		}
	},
})

/** Mean of values, each weighing exp(beta) times as much as the one before. */
function weightedMean(values: readonly Value[], beta: number): Value {
	const last = values.length - 1
	// Relative to the heaviest, so that no exponential overflows.
	const weights = values.map((_, step) => Math.exp(beta * (step - (beta > 0 ? last : 0))))
	const total = weights.reduce((sum, weight) => sum + weight, 0)
	return values
		.map((value, step) => ops.mul(value, at(weights, step) / total))
		.reduce((sum, value) => ops.add(sum, value))
}
