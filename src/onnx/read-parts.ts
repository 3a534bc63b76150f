/** Reads inputs and attributes of ONNX files. */

import { type AttributeProto, AttributeProto_AttributeType, type NodeProto, type ValueInfoProto } from 'onnx-buf'
import { NaptuneError } from '../core/errors.js'
import { float32, type Tensor } from '../core/tensor.js'
import { input } from './builders.js'
import { isDimension } from './dimensions.js'
import { readTensor, storedType, typeName } from './read-tensor.js'
import type { StoredNode } from './stored-node.js'
import type { Attribute, Dimension, Value } from './value.js'

/**
 * The graph input that a model declares.
 * @param symbols Names of symbolic sizes, one function per model.
 * @throws NaptuneError when it is not a tensor of a known element type and rank.
 */
export function readInput(port: ValueInfoProto, symbols: (text: string) => string): Value {
	const declared = port.type?.value
	if (declared?.case !== 'tensorType') {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`Input ${port.name} of the model is not a tensor; only tensors are supported.`,
		)
	}
	const type = storedType({ dataType: declared.value.elemType })
	if (!type) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`Input ${port.name} of the model has the element type ${typeName(declared.value.elemType)}.`,
		)
	}
	if (!declared.value.shape) {
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			`Input ${port.name} of the model has no shape, but its rank must be known. Export the model with shapes.`,
		)
	}
	const shape = declared.value.shape.dim.map(({ value }, axis): Dimension => {
		if (value.case === 'dimValue' && value.value >= 0n) return Number(value.value)
		if (value.case === 'dimParam' && value.value !== '') return symbols(value.value)
		return symbols(`${port.name} axis ${axis}`)
	})
	return input(port.name, type, shape)
}

/** @throws NaptuneError when a value cannot replace an input because of its type, rank or fixed sizes. */
export function requireFit(port: ValueInfoProto, { type, shape }: Value): void {
	const declared = port.type?.value
	const sizes = declared?.case === 'tensorType' ? declared.value.shape?.dim : undefined
	const fits = sizes?.every(({ value }, axis) => {
		const size = shape[axis]
		return value.case !== 'dimValue' || typeof size !== 'number' || Number(value.value) === size
	})
	const sameType = declared?.case === 'tensorType' && storedType({ dataType: declared.value.elemType }) === type
	if (sameType && (!sizes || (fits && sizes.length === shape.length))) return
	const expected = sizes?.map(({ value }) => (value.case === 'dimValue' ? value.value : value.value || '?')).join(', ')
	throw new NaptuneError(
		'NAP_ONNX_INVALID',
		`The model's input ${port.name} is ${declared?.case === 'tensorType' ? typeName(declared.value.elemType) : 'no tensor'} [${expected ?? '?'}]; ${type} [${shape.join(', ')}] cannot replace it.`,
	)
}

/** Symbols as the language writes them; different texts stay different. */
export function symbolNames(): (text: string) => string {
	const known = new Map<string, string>()
	const taken = new Set<string>()
	return (text) => {
		const before = known.get(text)
		if (before !== undefined) return before
		const usable: boolean = isDimension(text)
		let symbol = usable ? text : text.replace(/\W+/g, '_').replace(/^(?=\d|$)/, 'size_')
		while (taken.has(symbol)) symbol += '_'
		known.set(text, symbol)
		taken.add(symbol)
		return symbol
	}
}

/** Attributes of a node: those that the language supports, and tensors. @throws NaptuneError for others. */
export function splitAttributes(node: NodeProto): Pick<StoredNode, 'attributes' | 'tensors'> {
	const attributes: [string, Attribute][] = []
	const tensors: [string, Tensor][] = []
	for (const stored of node.attribute) {
		const converted = readAttribute(stored)
		if ('data' in converted) tensors.push([stored.name, converted])
		else attributes.push([stored.name, converted])
	}
	return { attributes: Object.fromEntries(attributes), tensors: Object.fromEntries(tensors) }
}

function readAttribute(stored: AttributeProto): Attribute | Tensor {
	switch (stored.refAttrName === '' ? stored.type : undefined) {
		case AttributeProto_AttributeType.INT:
			return { kind: 'int', value: Number(stored.i) }
		case AttributeProto_AttributeType.FLOAT:
			return { kind: 'float', value: stored.f }
		case AttributeProto_AttributeType.STRING:
			return { kind: 'string', value: new TextDecoder().decode(stored.s) }
		case AttributeProto_AttributeType.INTS:
			return { kind: 'ints', value: stored.ints.map(Number) }
		case AttributeProto_AttributeType.FLOATS:
			return float32([stored.floats.length], stored.floats)
		case AttributeProto_AttributeType.TENSOR:
			if (stored.t) return readTensor(stored.t)
	}
	throw new NaptuneError(
		'NAP_ONNX_UNSUPPORTED',
		`attribute ${stored.name} has an unsupported kind (${AttributeProto_AttributeType[stored.type] ?? stored.type}).`,
	)
}
