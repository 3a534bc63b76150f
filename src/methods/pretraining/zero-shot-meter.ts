/** Measures the zero-shot accuracy of weights during training, on held-out images. */

import { at } from '../../core/at.js'
import { float32, int64, type Tensor } from '../../core/tensor.js'
import { ops } from '../../onnx/graph.js'
import type { Engine } from '../../runtime/engine.js'
import { classPrompts } from '../../vlm/class-prompts.js'
import { imageTower } from '../../vlm/image-tower.js'
import { textTower } from '../../vlm/text-tower.js'
import { endPositionRows } from '../../vlm/token-batch.js'
import type { ClipTokenizer } from '../../vlm/tokenizer.js'
import { trainableWeights } from '../../vlm/weights.js'
import type { LabelledImages } from './batches.js'
import type { PretrainingGeometry } from './program.js'

/** Measures weights with the prompt "a photo of a NAME.". */
export interface ZeroShotMeter {
	/** Share of the images at `indices` whose most similar class prompt is the right one, in [0, 1]. */
	accuracy(weights: Readonly<Record<string, Tensor>>, data: LabelledImages, indices: readonly number[]): Promise<number>
	release(): Promise<void>
}

const batchSize = 250

/** Compiles the two towers with their weights as inputs. */
export async function createZeroShotMeter(
	engine: Engine,
	geometry: PretrainingGeometry,
	tokenizer: ClipTokenizer,
	classNames: readonly string[],
): Promise<ZeroShotMeter> {
	const { prompts } = classPrompts(classNames)
	const batch = tokenizer.encodeBatch(prompts, { contextLength: geometry.text.contextLength })
	const { length } = batch
	const ids = int64([batch.count, length], batch.ids)
	const endPosition = float32([batch.count, length], endPositionRows(batch))
	const { imageSize } = geometry.vision
	const { lookup } = trainableWeights(geometry.shapes)
	const images = imageTower(
		ops.input('pixels', 'float32', ['B', 3, imageSize, imageSize]),
		geometry.vision,
		geometry.statistics,
		lookup,
	)
	const texts = textTower(
		ops.input('ids', 'int64', ['K', length]),
		ops.input('endPosition', 'float32', ['K', length]),
		geometry.text,
		lookup,
	)
	const cosines = ops.linear(ops.normalizeL2(images.features), ops.normalizeL2(texts.features), null)
	const program = await engine.compile({ cosines }, { name: 'zero-shot' })
	const used = new Set(program.inputs)
	return {
		async accuracy(weights, data, indices) {
			const needed = Object.fromEntries(Object.entries(weights).filter(([name]) => used.has(name)))
			let right = 0
			for (let start = 0; start < indices.length; start += batchSize) {
				const part = indices.slice(start, start + batchSize)
				const { cosines } = await program.run({
					...needed,
					ids,
					endPosition,
					pixels: plainPixels(data, imageSize, part),
				})
				const scores = (cosines as Tensor<'float32'>).data
				part.forEach((index, row) => {
					const own = scores.subarray(row * batch.count, (row + 1) * batch.count)
					if (own.indexOf(Math.max(...own)) === data.labels[index]) right++
				})
			}
			return right / indices.length
		},
		release: () => program.release(),
	}
}

/** Central crops, channels first, in [0, 1]: [B, 3, out, out]. */
function plainPixels({ size, pixels }: LabelledImages, out: number, indices: readonly number[]): Tensor<'float32'> {
	const plane = out * out
	const border = (size - out) >> 1
	const values = new Float32Array(indices.length * 3 * plane)
	indices.forEach((index, row) => {
		for (let position = 0; position < plane; position++) {
			const y = border + Math.floor(position / out)
			const x = border + (position % out)
			const from = ((index * size + y) * size + x) * 3
			for (let channel = 0; channel < 3; channel++)
				values[(row * 3 + channel) * plane + position] = at(pixels, from + channel) / 255
		}
	})
	return float32([indices.length, 3, out, out], values)
}
