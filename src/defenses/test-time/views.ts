/**
 * Random views of an image as linear maps of its pixels, so that they are differentiable: a window of random place, area and
 * shape, resized to the whole, mirrored or not. They are the same for every image.
 */

import { entry } from '../../core/at.js'
import { float32, type Tensor } from '../../core/tensor.js'
import { randomWindow } from '../../images/augment.js'
import { filters } from '../../images/resample-filters.js'
import { resampleTaps } from '../../images/resample-taps.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import { generator } from '../../random/counter-based.js'
import { drawKeys, type HiddenNumbers } from './hidden-numbers.js'

/** Options of {@link augmentedViews}. */
export interface ViewOptions {
	/** Total views, at least 1; the first is the image itself. */
	readonly views: number
	/** Smallest share of the image's area in a window. */
	readonly smallestCrop: number
	/** Seed of the windows. */
	readonly seed: number
}

/** Views as matrices: view v of a channel X is rows[v] · X · columns[v]. */
export interface ViewMatrices {
	/** [V, 1, S, S]. */
	readonly rows: Tensor<'float32'>
	/** [V, 1, S, S]. */
	readonly columns: Tensor<'float32'>
}

/**
 * torchvision's RandomResizedCrop (bilinear and antialiased, as for pictures; shapes from 3/4 to 4/3) and
 * RandomHorizontalFlip, without rounding to 8 bits.
 * @param size S, side of the image. @param count Views, without the image itself. @param draw 0 for the deployed views.
 */
export function viewMatrices(
	size: number,
	count: number,
	{ smallestCrop, seed }: Pick<ViewOptions, 'smallestCrop' | 'seed'>,
	draw = 0,
): ViewMatrices {
	const area = size * size
	const rows = new Float32Array(count * area)
	const columns = new Float32Array(count * area)
	for (let view = 0; view < count; view++) {
		const stream = generator(seed, 'test-time view', view, ...drawKeys(draw))
		const window = randomWindow({ width: size, height: size }, [smallestCrop, 1], [3 / 4, 4 / 3], stream)
		const mirrored = stream.uniform() < 0.5
		for (let at = 0; at < size; at++) {
			const vertical = resampleTaps(window.height, size, at, filters.bilinear)
			for (const [tap, weight] of vertical.weights.entries()) {
				rows[view * area + at * size + window.top + vertical.first + tap] = weight
			}
			const horizontal = resampleTaps(window.width, size, at, filters.bilinear)
			const target = mirrored ? size - 1 - at : at
			for (const [tap, weight] of horizontal.weights.entries()) {
				columns[view * area + (window.left + horizontal.first + tap) * size + target] = weight
			}
		}
	}
	const shape = [count, 1, size, size]
	return { rows: float32(shape, rows), columns: float32(shape, columns) }
}

/**
 * The image and its views.
 * @param pixels [1, 3, S, S].
 * @param hidden Values of {@link hiddenViews}, if they differ from the public ones.
 * @returns [V, 3, S, S], in the pixels' type.
 */
export function augmentedViews(pixels: Value, options: ViewOptions, hidden?: Readonly<Record<string, Value>>): Value {
	const count = options.views - 1
	if (count === 0) return pixels
	const known = () => {
		const { rows, columns } = viewMatrices(pixels.shape[2] as number, count, options)
		return { rows: ops.literal(rows), columns: ops.literal(columns) }
	}
	const matrices = hidden ?? known()
	const matrix = (name: keyof ViewMatrices) => ops.cast(entry(matrices, name), pixels.type)
	return ops.concat([pixels, ops.matmul(ops.matmul(matrix('rows'), pixels), matrix('columns'))], 0)
}

/** Views as hidden numbers, if they are to be hidden: inputs `rows` and `columns`. @param size S, side of the image. */
export function hiddenViews(
	size: number,
	options: ViewOptions & { readonly randomised?: true },
): { readonly hidden?: HiddenNumbers } {
	if (!options.randomised) return {}
	return { hidden: { draw: (index) => ({ ...viewMatrices(size, options.views - 1, options, index) }) } }
}
