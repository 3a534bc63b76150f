/** Tensors stored in ONNX files, and references from them to other files. */

import { statSync } from 'node:fs'
import { isAbsolute, join, normalize } from 'node:path'
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType } from 'onnx-buf'
import { NaptuneError } from '../core/errors.js'
import { type ElementType, elementBytes, elementCount, type Tensor, type TensorData, tensor } from '../core/tensor.js'
import { external, literal } from './builders.js'
import { elementTypeNumbers } from './element-types.js'
import type { Value } from './value.js'

/** The element type of a stored tensor; `undefined` for types the graph language does not know. */
export function storedType({ dataType }: Pick<TensorProto, 'dataType'>): ElementType | undefined {
	return (Object.keys(elementTypeNumbers) as ElementType[]).find((type) => elementTypeNumbers[type] === dataType)
}

/** The name of an ONNX element type, for messages. */
export function typeName(dataType: number): string {
	return TensorProto_DataType[dataType]?.toLowerCase() ?? `type ${dataType}`
}

/**
 * The value of an initializer: a constant, or a reference into another file of the model's directory.
 * @param directory Where the model's other files lie; needed for references only.
 * @throws NaptuneError when data and shape disagree, or a referenced file is missing, too short or elsewhere.
 */
export function readInitializer(stored: TensorProto, directory: string | undefined): Value {
	if (stored.dataLocation !== TensorProto_DataLocation.EXTERNAL) return literal(readTensor(stored))
	const { type, shape } = typeAndShape(stored)
	const bytes = elementCount(shape) * elementBytes[type]
	const entries = new Map(stored.externalData.map(({ key, value }) => [key, value]))
	const number = (key: string, fallback: number) => {
		const text = entries.get(key)
		if (text === undefined) return fallback
		const value = Number(text)
		if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
			throw new NaptuneError(`Weight ${stored.name} has the ${key} ${text}, which is not a number of bytes.`)
		}
		return value
	}
	const offset = number('offset', 0)
	const length = number('length', bytes)
	const file = locate(stored.name, entries.get('location') ?? '', directory)
	const size = fileSize(stored.name, file)
	if (offset + length > size) {
		throw new NaptuneError(
			`Weight ${stored.name} takes the bytes ${offset} to ${offset + length} of ${file}, which has only ${size}. Is the file complete?`,
		)
	}
	return external(stored.name, type, shape, { file, offset, length })
}

function locate(name: string, location: string, directory: string | undefined): string {
	const path = normalize(location.replaceAll('\\', '/'))
	if (location === '' || isAbsolute(path) || /^[A-Za-z]:/.test(path) || path === '..' || path.startsWith('../')) {
		throw new NaptuneError(
			`Weight ${name} refers to the file "${location}"; only files below the model's own directory are read.`,
		)
	}
	if (directory === undefined) {
		throw new NaptuneError(`Weight ${name} lies in the file ${location}; say in which directory the model's files are.`)
	}
	return join(directory, path)
}

function fileSize(name: string, file: string): number {
	try {
		return statSync(file).size
	} catch (cause) {
		throw new NaptuneError(`Weight ${name} lies in ${file}, which cannot be read; put it beside the model.`, { cause })
	}
}

/**
 * A tensor stored in the model itself, as raw bytes or as a list of numbers.
 * @throws NaptuneError for unknown element types, or when data and shape disagree.
 */
export function readTensor(stored: TensorProto): Tensor {
	const { type, shape } = typeAndShape(stored)
	const count = elementCount(shape)
	if (stored.rawData.length > 0) {
		const bytes = count * elementBytes[type]
		if (stored.rawData.length !== bytes) throw wrongSize(stored, `${bytes} bytes`, `${stored.rawData.length}`)
		return tensor(type, shape, new storages[type](new Uint8Array(stored.rawData).buffer) as TensorData)
	}
	const listed = listedData(stored, type)
	if (listed.length !== count) throw wrongSize(stored, `${count} numbers`, `${listed.length}`)
	return tensor(type, shape, listed)
}

const storages = {
	float32: Float32Array,
	float64: Float64Array,
	int64: BigInt64Array,
	int32: Int32Array,
	bool: Uint8Array,
} as const

/** Where ONNX keeps numbers that are not raw bytes; booleans and small integers share a list with int32. */
function listedData(stored: TensorProto, type: ElementType): TensorData {
	switch (type) {
		case 'float32':
			return Float32Array.from(stored.floatData)
		case 'float64':
			return Float64Array.from(stored.doubleData)
		case 'int64':
			return BigInt64Array.from(stored.int64Data)
		case 'int32':
			return Int32Array.from(stored.int32Data)
		case 'bool':
			return Uint8Array.from(stored.int32Data, (value) => (value === 0 ? 0 : 1))
	}
}

function typeAndShape(stored: TensorProto): { readonly type: ElementType; readonly shape: readonly number[] } {
	const type = storedType(stored)
	if (!type) {
		throw new NaptuneError(
			`Tensor ${stored.name} holds ${typeName(stored.dataType)}; supported are ${Object.keys(elementTypeNumbers).join(', ')}.`,
		)
	}
	const shape = stored.dims.map(Number)
	const bytes = elementCount(shape) * elementBytes[type]
	if (shape.some((size) => !Number.isSafeInteger(size) || size < 0) || !Number.isSafeInteger(bytes)) {
		throw new NaptuneError(`Tensor ${stored.name} claims the shape [${stored.dims.join(', ')}], which is not possible.`)
	}
	if (stored.segment) throw new NaptuneError(`Tensor ${stored.name} is stored in segments, which is not supported.`)
	return { type, shape }
}

function wrongSize(stored: TensorProto, needed: string, found: string): NaptuneError {
	return new NaptuneError(
		`Tensor ${stored.name} of shape [${stored.dims.join(', ')}] needs ${needed}, the model has ${found}. Is the file damaged?`,
	)
}
