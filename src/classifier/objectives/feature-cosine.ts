/** An objective that turns an image's inner features away from those of the clean image, without labels. */

import { entry } from '../../core/at.js'
import { float32 } from '../../core/tensor.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import type { Classifier } from '../classifier.js'
import type { DivergenceObjective } from './divergence-objectives.js'

/**
 * 1 minus the cosine between a tap's values for the adversarial and for the clean image, flattened per image. Its gradient
 * is zero at the clean image, so an attack must start elsewhere.
 * @param tap Any tap whose first axis is the batch.
 * @param size Values of the tap per image.
 */
export function featureCosine(tap: string, size: number): DivergenceObjective {
	return {
		objective: {
			name: `feature-cosine ${tap} ${size}`,
			taps: [tap],
			side: { clean: { type: 'float32', shape: [size] } },
			build: (taps, side) => {
				const clean = entry(side, 'clean')
				const features = ops.reshape(entry(taps, tap), [-1, size])
				// Inside the root, so that the gradient stays finite if all values are 0.
				const length = (x: Value) => ops.sqrt(ops.maximum(ops.rowSums(ops.mul(x, x)), 1e-16))
				const lengths = ops.mul(length(features), length(clean))
				return ops.sub(1, ops.div(ops.rowSums(ops.mul(features, clean)), lengths))
			},
		},
		sideInputs: async (classifier, { images, ids }) => {
			const features = entry(await classifier.evaluate(images, [tap]), tap)
			return { clean: float32([ids.length, size], features.data) }
		},
	}
}

/** Values of a tap per image, measured on one image. @throws NaptuneError if the classifier has no such tap. */
export async function tapSize(classifier: Classifier, tap: string): Promise<number> {
	const [channels, height, width] = classifier.inputShape
	const blank = float32([1, channels, height, width], new Float32Array(channels * height * width))
	return entry(await classifier.evaluate(blank, [tap]), tap).data.length
}
