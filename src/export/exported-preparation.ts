/** The preparation of pictures that lies inside an export's graph, as a program of its own. */

import { entry } from '../core/at.js'
import { float32, type Tensor } from '../core/tensor.js'
import type { DecodedImage } from '../images/decoded-image.js'
import type { Port } from '../onnx/protobuf.js'
import type { ExportRecord } from '../records/export.js'
import type { ModelEngine } from '../runtime/engine.js'
import { batchSize } from './classifier-graph.js'
import { compiledMessage, type ExportedMessage } from './exported-message.js'
import { castOf, graphPart } from './graph-part.js'
import { bytesOfPixelValues, imageName } from './inside-preparation.js'

/** Where preparation ends and the model begins. */
export function pixelValuesPort({ size }: ExportRecord['image']): Port {
	return { name: 'pixel_values', type: 'float32', shape: [batchSize, 3, size, size] }
}

/** Prepares pictures as the export does. */
export interface ExportedPreparation {
	/** [1, 3, S, S], normalised. */
	pixelValues(picture: DecodedImage): Promise<Tensor<'float32'>>
	/** Frees the program. Idempotent. */
	release(): Promise<void>
}

/**
 * Compiles the part of an export in front of `pixel_values`. The engine feeds no bytes: it begins behind the graph's own cast
 * of them to float32, which loses nothing.
 */
export async function exportedPreparation(
	engine: ModelEngine,
	message: ExportedMessage,
	image: ExportRecord['image'],
): Promise<ExportedPreparation> {
	const feed: Port = {
		name: castOf(message.model, imageName),
		type: 'float32',
		shape: [batchSize, 'height', 'width', 3],
	}
	const outputs = [pixelValuesPort(image)]
	const model = graphPart(message.model, { feeds: [feed], outputs })
	const program = await compiledMessage(engine, { ...message, model }, { inputs: [feed], outputs }, 'preparation')
	return {
		async pixelValues({ width, height, rgb }) {
			const picture = float32([1, height, width, 3], Float32Array.from(rgb))
			const found = await program.run({ [feed.name]: picture }, { transfer: true })
			return entry(found, 'pixel_values') as Tensor<'float32'>
		},
		release: () => program.release(),
	}
}

/** Pixel values as pixels in [0, 1]: levels of 255 exactly, since the graph rounds to them. @param values [B, 3, S, S]. */
export function unitPixelsOf(values: Tensor<'float32'>, image: ExportRecord['image']): Tensor<'float32'> {
	const { shape, data } = bytesOfPixelValues(values, image)
	return float32(
		shape,
		data.map((level) => level / 255),
	)
}
