/** Measures how much better one method is than another on the same images. */

import { NaptuneError } from '../core/errors.js'
import type { Generator } from '../random/generator.js'

/** Two methods on the same images. */
export interface PairedDifference {
	/** Accuracy of the first minus that of the second, means over seeds, in [-1, 1]. */
	readonly difference: number
	/** Its 95 % percentile interval over resampled images. */
	readonly interval: readonly [number, number]
}

/**
 * The difference of two accuracies with the 95 % interval of a paired bootstrap (Efron and Tibshirani, 1993, section 13.3):
 * it draws images with replacement, each with the outcomes of both methods. Seeds are averaged within an image, so the
 * interval reflects the choice of images, not of seeds.
 * @param first Whether images are right, by seed and then in the order of images; at least one seed.
 * @param second The same for the other method, which may have a different number of seeds.
 * @param options.resamples Number of resampled sets of images.
 * @throws NaptuneError unless all seeds of both methods have the same images, at least one.
 */
export function pairedBootstrap(
	first: readonly (readonly boolean[])[],
	second: readonly (readonly boolean[])[],
	{ generator, resamples = 2000 }: { readonly generator: Generator; readonly resamples?: number },
): PairedDifference {
	const images = first[0]?.length ?? 0
	if (images === 0 || second.length === 0 || [...first, ...second].some((seed) => seed.length !== images)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`A paired bootstrap needs the same images for every seed of both methods, got ${[...first, ...second].map((seed) => seed.length).join(', ')}.`,
		)
	}
	const differences = Float64Array.from(
		{ length: images },
		(_, image) => shareRight(first, image) - shareRight(second, image),
	)
	const means = Float64Array.from({ length: resamples }, () => {
		let sum = 0
		for (let draw = 0; draw < images; draw++) sum += differences[generator.below(images)]!
		return sum / images
	}).sort()
	return {
		difference: differences.reduce((sum, value) => sum + value, 0) / images,
		interval: [quantile(means, 0.025), quantile(means, 0.975)],
	}
}

function shareRight(seeds: readonly (readonly boolean[])[], image: number): number {
	return seeds.filter((seed) => seed[image]).length / seeds.length
}

/** A quantile, interpolated linearly between order statistics. */
function quantile(sorted: Float64Array, share: number): number {
	const position = share * (sorted.length - 1)
	const below = Math.floor(position)
	const above = Math.min(below + 1, sorted.length - 1)
	return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!)
}
