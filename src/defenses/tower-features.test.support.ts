/** What a defense's towers yield on noise, for tests that compare defenses with one another. */

import { float32, type Tensor, tensor } from '../core/tensor.js'
import { ops } from '../onnx/index.js'
import { generator } from '../random/counter-based.js'
import type { ModelEngine } from '../runtime/index.js'
import type { ClipModel } from '../vlm/model.js'
import { type Defense, fixedParameters } from './defense.js'

/** Values of a defense's parameters by name. */
export type ParameterValues = Readonly<Record<string, Tensor<'float32'>>>

/** Noise as pictures in [0, 1]: [count, 3, S, S]. */
export function noisyPictures({ config }: ClipModel, count: number): Tensor<'float32'> {
	const { imageSize } = config.vision
	const stream = generator(1, 'pixels')
	const values = Float32Array.from({ length: count * 3 * imageSize ** 2 }, () => stream.uniform())
	return float32([count, 3, imageSize, imageSize], values)
}

/** The feeds `ids` and `endPosition` of a defense's prompts. */
export function promptFeeds({ prompts }: Pick<Defense, 'prompts'>): Record<'ids' | 'endPosition', Tensor> {
	const { ids, endPositions, rows, length } = prompts
	const endPosition = new Float32Array(rows * length)
	for (const [row, position] of endPositions.entries()) endPosition[row * length + position] = 1
	return { ids: tensor('int64', [rows, length], ids), endPosition: float32([rows, length], endPosition) }
}

/** Image features of two noisy pictures, and text features. */
export async function towerFeatures(
	engine: ModelEngine,
	clip: ClipModel,
	defense: Pick<Defense, 'prompts' | 'imageFeatures' | 'textFeatures'>,
	parameters: ParameterValues,
): Promise<{ image: Float32Array; text: Float32Array }> {
	const { imageSize } = clip.config.vision
	const { length } = defense.prompts
	const lookup = fixedParameters(parameters)
	const program = await engine.compile({
		image: defense.imageFeatures(ops.input('pixels', 'float32', ['B', 3, imageSize, imageSize]), lookup).features,
		text: defense.textFeatures(
			ops.input('ids', 'int64', ['R', length]),
			ops.input('endPosition', 'float32', ['R', length]),
			lookup,
		),
	})
	const { image, text } = await program.run({ pixels: noisyPictures(clip, 2), ...promptFeeds(defense) })
	await program.release()
	return { image: image!.data as Float32Array, text: text!.data as Float32Array }
}
