/** Element types as ONNX files number them. */

import { NaptuneError } from '../core/errors.js'
import type { ElementType } from '../core/tensor.js'

/** ONNX's numbers of element types (TensorProto.DataType). */
export const elementTypeNumbers: Readonly<Record<ElementType, number>> = {
	float32: 1,
	int32: 6,
	int64: 7,
	bool: 9,
	float64: 11,
}

/** The element type of an ONNX number. @throws NaptuneError when the graph language does not know it. */
export function elementTypeFromNumber(number: number): ElementType {
	const found = Object.entries(elementTypeNumbers).find(([, value]) => value === number)
	if (!found) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`ONNX element type ${number} is not supported; known: ${Object.entries(elementTypeNumbers)
				.map(([name, value]) => `${value} (${name})`)
				.join(', ')}.`,
		)
	}
	return found[0] as ElementType
}

/** Whether values of the type have gradients. */
export function isFloat(type: ElementType): boolean {
	return type === 'float32' || type === 'float64'
}
