/** Mutates ONNX files, and reads them with our own reader, without onnxruntime. */

import { asModelInput, metadataInput, modelInput } from '../dist/classifier/onnx-file/onnx-input.js'
import { modelOutput } from '../dist/classifier/onnx-file/onnx-output.js'
import { weightsBelow } from '../dist/onnx/files/index.js'
import { describeModel, grad, ops, readModel } from '../dist/onnx/index.js'
import { structurallyChanged } from '../dist/onnx/structural-mutations.test.support.js'
import { changeBytes } from './bytes.mjs'

/** Mutates the structure of a model, or its bytes if they are no longer a model. */
export function changeStructure(bytes, draw) {
	try {
		return Buffer.from(structurallyChanged(bytes, draw.stream, 1))
	} catch {
		return changeBytes(bytes, draw)
	}
}

/** Reads a model and builds the gradient of its logits. */
export function readOnnx(bytes, directory) {
	const description = describeModel(bytes)
	const declared = modelInput(description, { ...metadataInput(description.metadata), normalisation: 'none' })
	for (const batch of declared.oneImage ? [1] : ['batch', 1]) {
		try {
			const pixels = ops.input('pixels', 'float32', [batch, ...declared.shape])
			const inputs = { [declared.name]: asModelInput(pixels, declared) }
			const { outputs } = readModel(bytes, { weights: weightsBelow(directory), inputs })
			const { logits } = modelOutput(outputs, {})
			return grad(ops.reduceSum(logits, [0, 1]), [pixels])
		} catch (error) {
			if (batch === 1 || error.name !== 'NaptuneError') throw error
		}
	}
}
