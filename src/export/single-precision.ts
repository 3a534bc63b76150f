/** Models in half precision as float32 ones with the same weights: what their gradient is taken of. */

import {
	type AttributeProto,
	type ModelProto,
	type TensorProto,
	TensorProto_DataLocation,
	TensorProto_DataType,
} from 'onnx-buf'
import { present } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { toFloat32 } from '../files/float-formats.js'

const { FLOAT, FLOAT16 } = TensorProto_DataType

/**
 * The model with every float16 of it in float32. The weights are those of the file; what float16 arithmetic rounds is not rounded.
 * @param model As `inHalfPrecision` makes it: inputs and outputs are float32. It is not changed.
 * @throws NaptuneError where float16 weights lie in a file of their own.
 */
export function inSinglePrecision(model: ModelProto): ModelProto {
	const graph = present(model.graph, 'graph in the model')
	return {
		...model,
		graph: {
			...graph,
			initializer: graph.initializer.map((tensor) => (tensor.dataType === FLOAT16 ? widened(tensor) : tensor)),
			node: graph.node.map((node) =>
				node.opType === 'Cast' ? { ...node, attribute: node.attribute.map(singleTarget) } : node,
			),
		},
	}
}

/** Whether a model holds float16 weights. */
export function isHalf({ graph }: ModelProto): boolean {
	return graph?.initializer.some(({ dataType }) => dataType === FLOAT16) ?? false
}

function widened(tensor: TensorProto): TensorProto {
	if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The float16 weights of this export lie in a file of their own, of which no gradient is taken. Judge its float32 export, or the run.`,
		)
	}
	const { buffer, byteOffset, byteLength } = toFloat32('F16', tensor.rawData)
	return { ...tensor, dataType: FLOAT, rawData: new Uint8Array(buffer, byteOffset, byteLength) }
}

function singleTarget(attribute: AttributeProto): AttributeProto {
	return attribute.name === 'to' && attribute.i === BigInt(FLOAT16) ? { ...attribute, i: BigInt(FLOAT) } : attribute
}
