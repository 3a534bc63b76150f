/** Objectives that drive predictions or features away from those of the clean image, without labels. */

import { entry } from '../../core/at.js'
import { ops } from '../../onnx/graph.js'
import type { Objective } from './objective.js'
import type { SideInputs } from './side-inputs.js'

/** An objective and the computation of its side inputs. */
export interface DivergenceObjective {
	readonly objective: Objective
	/** Takes one pass over the clean images. */
	readonly sideInputs: SideInputs
}

/**
 * KL(clean || adversarial) of the class probabilities, with the clean side constant (TRADES; FAP). Its gradient is zero at
 * the clean image, so an attack must start elsewhere.
 * @param classes Number of classes.
 */
export function klToClean(classes: number): DivergenceObjective {
	return fromClean('kl-to-clean', 'logits', classes)
}

/**
 * KL(clean || adversarial) of image features, read as logits of a distribution over their dimensions, with the clean side
 * constant (AdvPT; NAP-Tuning, equation 2). It needs only the image encoder. Its gradient is zero at the clean image.
 * @param width Dimensions of the image features.
 */
export function featureKl(width: number): DivergenceObjective {
	return fromClean('feature-kl', 'imageFeatures', width)
}

/** The tap that {@link embeddingDistance} reads once: image features of the model before tuning. */
export const originalFeatures = 'originalFeatures'

/**
 * Squared distance between the image features and those of another model, the tap {@link originalFeatures}, for the clean
 * image; neither is normalised (FARE). Its gradient is zero at the clean image as long as both models are the same.
 * @param width Dimensions of the image features.
 */
export function embeddingDistance(width: number): DivergenceObjective {
	return {
		objective: {
			name: `embedding-distance ${width}`,
			taps: ['imageFeatures'],
			side: { original: { type: 'float32', shape: [width] } },
			build: (taps, side) => {
				const change = ops.sub(entry(taps, 'imageFeatures'), entry(side, 'original'))
				return ops.rowSums(ops.mul(change, change))
			},
		},
		sideInputs: async (classifier, { images }) => ({
			original: entry(await classifier.evaluate(images, [originalFeatures]), originalFeatures),
		}),
	}
}

function fromClean(name: string, tap: string, size: number): DivergenceObjective {
	return {
		objective: {
			name: `${name} ${size}`,
			taps: [tap],
			side: { clean: { type: 'float32', shape: [size] } },
			build: (taps, side) => ops.klDivergence(entry(side, 'clean'), entry(taps, tap)),
		},
		sideInputs: async (classifier, { images }) => ({ clean: entry(await classifier.evaluate(images, [tap]), tap) }),
	}
}
