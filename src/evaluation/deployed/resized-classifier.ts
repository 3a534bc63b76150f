/** Adapts classifiers to images of another size. */

import type { Classifier } from '../../classifier/classifier.js'
import { decorate } from '../../classifier/decorate.js'
import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { rowSize } from '../../core/rows.js'
import { float32, type Tensor } from '../../core/tensor.js'
import { filters } from '../../images/resample-filters.js'
import { resampleTaps, type Taps } from '../../images/resample-taps.js'

type ImageShape = Classifier['inputShape']

/**
 * The same classifier for images of another height and width: it resizes them bilinearly, with antialiasing when shrinking
 * (Pillow's weights, in float64, not rounded to grey levels), and gradients return through the transpose. Each image is
 * resized separately. Releasing it releases the classifier.
 * @param imageShape [channels, height, width] of the images.
 * @returns The classifier itself if the size already matches.
 * @throws NaptuneError for a different number of channels.
 */
export function resizedClassifier(classifier: Classifier, imageShape: ImageShape): Classifier {
	const own = classifier.inputShape
	if (own.join() === imageShape.join()) return classifier
	if (own[0] !== imageShape[0]) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The classifier takes images with ${own[0]} channels, these have ${imageShape[0]}; only height and width can be adapted. Use a model for ${imageShape[0]} channels.`,
		)
	}
	const vertical = lineTaps(imageShape[1], own[1])
	const horizontal = lineTaps(imageShape[2], own[2])
	const resized = (images: Tensor<'float32'>) => {
		const [count = 0] = images.shape
		if (images.shape.join() !== [count, ...imageShape].join()) {
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`The classifier received images [${images.shape.join(', ')}]; it needs [B, ${imageShape.join(', ')}].`,
			)
		}
		return mapPlanes(images, own, (from, to) => resizePlane(from, imageShape, to, own, vertical, horizontal))
	}
	return decorate(classifier, {
		inputShape: imageShape,
		evaluate: async (inner, images, taps) => inner.evaluate(resized(images), taps),
		async gradient(inner, images, objective, side) {
			const found = await inner.gradient(resized(images), objective, side)
			const gradient = mapPlanes(found.gradient, imageShape, (from, to) =>
				transposePlane(from, own, to, imageShape, vertical, horizontal),
			)
			return { ...found, gradient }
		},
	})
}

function lineTaps(from: number, to: number): Taps[] {
	return Array.from({ length: to }, (_, position) => resampleTaps(from, to, position, filters.bilinear))
}

/** Maps channels one by one into images of another size. */
function mapPlanes(
	images: Tensor<'float32'>,
	shape: ImageShape,
	map: (from: Float32Array, to: Float32Array) => void,
): Tensor<'float32'> {
	const count = at(images.shape, 0)
	const planes = count * shape[0]
	const before = rowSize(images) / shape[0]
	const after = shape[1] * shape[2]
	const data = new Float32Array(planes * after)
	for (let plane = 0; plane < planes; plane++) {
		map(images.data.subarray(plane * before, (plane + 1) * before), data.subarray(plane * after, (plane + 1) * after))
	}
	return float32([count, ...shape], data)
}

function resizePlane(
	from: Float32Array,
	[, , width]: ImageShape,
	to: Float32Array,
	[, , newWidth]: ImageShape,
	vertical: readonly Taps[],
	horizontal: readonly Taps[],
): void {
	const line = new Float64Array(width)
	for (const [y, { first, weights }] of vertical.entries()) {
		line.fill(0)
		for (const [tap, weight] of weights.entries()) {
			const start = (first + tap) * width
			for (let x = 0; x < width; x++) line[x]! += weight * at(from, start + x)
		}
		for (const [x, taps] of horizontal.entries()) {
			let sum = 0
			for (const [tap, weight] of taps.weights.entries()) sum += weight * at(line, taps.first + tap)
			to[y * newWidth + x] = sum
		}
	}
}

/** Carries gradients with respect to the resized plane back to the plane itself. */
function transposePlane(
	from: Float32Array,
	[, , newWidth]: ImageShape,
	to: Float32Array,
	[, height, width]: ImageShape,
	vertical: readonly Taps[],
	horizontal: readonly Taps[],
): void {
	const sums = new Float64Array(height * width)
	const line = new Float64Array(width)
	for (const [y, { first, weights }] of vertical.entries()) {
		line.fill(0)
		for (const [x, taps] of horizontal.entries()) {
			const value = at(from, y * newWidth + x)
			for (const [tap, weight] of taps.weights.entries()) line[taps.first + tap]! += weight * value
		}
		for (const [tap, weight] of weights.entries()) {
			const start = (first + tap) * width
			for (let x = 0; x < width; x++) sums[start + x]! += weight * at(line, x)
		}
	}
	to.set(sums)
}
